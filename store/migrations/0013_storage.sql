-- Up Migration

create table pipeline.retention (
  event_table text    primary key,
  keep_days   integer not null check (keep_days >= 1)
);
comment on table pipeline.retention is 'For how long events are kept, by the day they happened on; a table that is not named keeps everything. Written by hailstream migrate and up, from --postgres-keep-days.';
grant select on pipeline.retention to sink;

create table pipeline.analyzed (
  event_table text        primary key,
  rows        bigint      not null,
  at          timestamptz not null
);
comment on table pipeline.analyzed is 'When the planner was last told of a partitioned table as a whole, which autovacuum never does, and how many rows it had then.';

-- As in 0001, and rows of a day are frozen by the first vacuum that sees them: a day is written once, and no vacuum against wraparound goes over it again.
create or replace function pipeline.ensure_day_partition(event_table text, day date) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '5s' as $$
declare
  parent    regclass := (select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
                          where n.nspname = 'events' and c.relname = event_table and c.relkind = 'p');
  child     text := event_table || '_' || to_char(day, 'YYYYMMDD');
  begins    timestamptz := day::timestamp at time zone 'UTC';
  ends      timestamptz := (day + 1)::timestamp at time zone 'UTC';
  present   boolean;
  columns   text;
begin
  if parent is null then
    raise exception 'there is no event table %', event_table using errcode = 'undefined_table';
  end if;
  if day < date '2009-01-01' or day > (now() at time zone 'UTC')::date + 2 then
    return false;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('events.' || event_table, 0));
  -- By a query and not by to_regclass: that would answer from a cache which waiting for the lock does not refresh.
  select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                  where n.nspname = 'events_days' and c.relname = child) into present;
  if present then
    return true;
  end if;
  execute format('create table events_days.%I (like events.%I including defaults including constraints including storage) with (autovacuum_freeze_min_age = 0)',
                 child, event_table);
  execute format('lock table events_days.%I in access exclusive mode', event_table || '_default');
  execute format('alter table events_days.%I add primary key (event_id, occurred_at)', child);
  select string_agg(quote_ident(attname), ', ' order by attnum) into columns
    from pg_attribute where attrelid = parent and attnum > 0 and not attisdropped;
  execute format('with moved as (delete from events_days.%1$I where occurred_at >= %2$L and occurred_at < %3$L returning %4$s)
                  insert into events_days.%5$I (%4$s) select %4$s from moved',
                 event_table || '_default', begins, ends, columns, child);
  execute format('alter table events.%I attach partition events_days.%I for values from (%L) to (%L)',
                 event_table, child, begins, ends);
  return true;
end
$$;

-- Forgets the days of one event table that are older than it keeps, at most 31 at a time, and gives them. For a role that may not drop tables: how long is
-- kept is not its to say. DETACH CONCURRENTLY does not go with a default partition, so the drop needs the whole table for a moment; a long query must not
-- make everybody behind it wait, so it gives up soon and is called again later.
create function pipeline.drop_old_days(of_table text) returns setof date
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  keep   integer := (select r.keep_days from pipeline.retention r where r.event_table = of_table);
  oldest date := (now() at time zone 'UTC')::date - keep;
  kind   "char" := (select c.relkind from pg_class c join pg_namespace n on n.oid = c.relnamespace
                     where n.nspname = 'events' and c.relname = of_table);
  child  record;
begin
  if keep is null or kind is null then
    return;
  end if;
  if kind = 'r' then
    execute format('delete from events.%1$I where ctid = any (array (select ctid from events.%1$I where occurred_at < %2$L limit 50000))',
                   of_table, oldest::timestamp at time zone 'UTC');
    return;
  end if;
  for child in
    select c.relname as name, to_date(right(c.relname, 8), 'YYYYMMDD') as day
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = format('events.%I', of_table)::regclass
       and c.relname ~ '_\d{8}$' and to_date(right(c.relname, 8), 'YYYYMMDD') < oldest
     order by 2 limit 31
  loop
    execute format('drop table events_days.%I', child.name);
    return next child.day;
  end loop;
  execute format('delete from events_days.%I where occurred_at < %L', of_table || '_default', oldest::timestamp at time zone 'UTC');
end
$$;
revoke all on function pipeline.drop_old_days(text) from public;
grant execute on function pipeline.drop_old_days(text) to sink;

-- Tells the planner of a partitioned table as a whole when it has grown by a fifth, or once a day when anything has changed; true when it did.
create function pipeline.analyze_whole(of_table text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  parent   regclass := (select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
                         where n.nspname = 'events' and c.relname = of_table and c.relkind = 'p');
  now_rows bigint;
begin
  select coalesce(sum(greatest(c.reltuples, 0)), 0) into now_rows
    from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = parent;
  if now_rows = 0 then
    return false;
  end if;
  insert into pipeline.analyzed as a values (of_table, now_rows, now())
    on conflict (event_table) do update set rows = excluded.rows, at = excluded.at
    where excluded.rows > a.rows * 1.2 or (excluded.rows <> a.rows and a.at < now() - interval '1 day');
  if not found then
    return false;
  end if;
  -- Its days are analyzed by autovacuum; servers before 18 know no ONLY and do them again.
  execute format('analyze %s %s', case when current_setting('server_version_num')::int >= 180000 then 'only' else '' end, parent);
  return true;
end
$$;
revoke all on function pipeline.analyze_whole(text) from public;
grant execute on function pipeline.analyze_whole(text) to sink;

-- What tables get that are made from here on (sinks/postgres/create-tables.ts), for those that are there.
do $$
declare
  found record;
begin
  for found in
    select n.nspname, c.relname, c.relkind from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('events', 'events_days') and c.relkind in ('r', 'p')
  loop
    if found.relkind = 'p' then
      execute format('create index %I on events.%I using brin (occurred_at timestamptz_minmax_multi_ops) with (pages_per_range = 32, autosummarize = on)',
                     found.relname || '_time', found.relname);
    elsif found.nspname = 'events' then
      execute format('alter table events.%I set (autovacuum_vacuum_scale_factor = 0.02)', found.relname);
    elsif found.relname ~ '_\d{8}$' then
      execute format('alter table events_days.%I set (autovacuum_freeze_min_age = 0)', found.relname);
    end if;
  end loop;
end
$$;
