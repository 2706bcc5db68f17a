-- Up Migration

-- Questions to tables of many days: on 1,000,000 rows a parallel hash join takes twice as long as one in which each process hashes the small side for itself, and days that
-- are grouped one by one need no table of all groups. docs/storage.md has the figures. Both can be set otherwise by a session, a role, or a later `alter database`.
do $$
begin
  execute format('alter database %I set enable_parallel_hash = off', current_database());
  execute format('alter database %I set enable_partitionwise_aggregate = on', current_database());
exception when insufficient_privilege then
  raise notice 'the planner''s settings are left as they are';
end
$$;
