-- Up Migration

-- Roles belong to the server, not to the database, so another database may have made them already. They get their passwords
-- from whoever sets the server up.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['sink', 'analyst'] loop
    if not exists (select from pg_roles where rolname = wanted) then
      begin
        execute format('create role %I login', wanted);
      exception when duplicate_object or unique_violation then null;
      end;
    end if;
  end loop;
  execute format('revoke temporary on database %I from public', current_database());
  execute format('grant connect, temporary on database %I to sink', current_database());
  execute format('grant connect on database %I to analyst', current_database());
  -- A comfort, not the protection (that is the missing privileges), and an owner without CREATEROLE may not set it.
  begin
    execute format('alter role analyst in database %I set default_transaction_read_only = on', current_database());
    execute format('alter role analyst in database %I set statement_timeout = %L', current_database(), '60s');
  exception when insufficient_privilege then
    raise notice 'statement_timeout of the role analyst is left as it is';
  end;
end
$$;

create schema events;
comment on schema events is 'One table an event type, derived from the schemas; read these.';
create schema events_days;
comment on schema events_days is 'The day partitions behind the tables of the schema events; nobody needs to name them.';
create schema if not exists pipeline;
comment on schema pipeline is 'What the pipeline remembers for itself: progress and dead letters.';

grant usage on schema events to sink, analyst;
grant usage on schema pipeline to sink;
alter default privileges in schema events grant select, insert on tables to sink;
alter default privileges in schema events grant select on tables to analyst;

create table pipeline.checkpoints (
  consumer    text        not null,
  topic       text        not null,
  partition   integer     not null,
  next_offset bigint      not null check (next_offset >= 0),
  epoch       bigint      not null,
  owner       text        not null,
  claimed_at  timestamptz not null default clock_timestamp(),
  updated_at  timestamptz not null default clock_timestamp(),
  primary key (consumer, topic, partition)
) with (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
comment on table pipeline.checkpoints is 'How far each consumer has come in each partition. Moved in the same transaction as what was made of the records.';
comment on column pipeline.checkpoints.next_offset is 'The first offset whose effect is not stored yet.';
comment on column pipeline.checkpoints.epoch is 'Raised by each claim; a transaction under an older epoch changes nothing.';
comment on column pipeline.checkpoints.owner is 'Host and process of the last claim, for people; nothing decides by it.';
grant select, insert, update on pipeline.checkpoints to sink;

create table pipeline.dead_letters (
  dead_letter_id bigint generated always as identity primary key,
  consumer       text        not null,
  topic          text        not null,
  partition      integer     not null,
  record_offset  bigint      not null,
  reason         text        not null,
  sql_state      text,
  message        text        not null,
  schema_id      integer,
  key            bytea,
  value          bytea,
  headers        jsonb       not null default '{}',
  at             timestamptz not null default clock_timestamp(),
  unique (consumer, topic, partition, record_offset)
);
comment on table pipeline.dead_letters is 'Records that could not be stored, with their bytes, in the same transaction as the progress behind them.';
comment on column pipeline.dead_letters.reason is 'The code of the error; see docs/errors.md.';
comment on column pipeline.dead_letters.sql_state is 'What the database answered, where it was the database that refused.';
comment on column pipeline.dead_letters.headers is 'Header names and texts; a header that is no text is {"base64": "..."}.';
grant select, insert on pipeline.dead_letters to sink;

-- Makes the partition of one UTC day, for a role that may not create tables. CREATE and ATTACH instead of CREATE ... PARTITION OF,
-- since ATTACH leaves inserts into the other partitions alone. Rows of that day that went to the default partition, when the
-- day was still outside the window, move over.
create function pipeline.ensure_day_partition(event_table text, day date) returns boolean
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
  execute format('create table events_days.%I (like events.%I including defaults including constraints including storage)',
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
revoke all on function pipeline.ensure_day_partition(text, date) from public;
grant execute on function pipeline.ensure_day_partition(text, date) to sink;
