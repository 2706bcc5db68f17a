-- Up Migration

create schema audit;
comment on schema audit is 'The ledger: how many events of each table and minute were read from Kafka and stored, with fingerprints of their ids. docs/audit.md';
grant usage on schema audit to sink;

-- The fingerprint of one id; those of many are added up, in any order. The sinks compute the same one. Servers before 18 have no crc32.
do $$
begin
  if current_setting('server_version_num')::int >= 180000 then
    create function audit.fingerprint(id text) returns bigint language sql immutable strict parallel safe
      return crc32(convert_to(id, 'UTF8'));
  else
    create function audit.fingerprint(id text) returns bigint language plpgsql immutable strict parallel safe as $f$
    declare
      bytes bytea := convert_to(id, 'UTF8');
      crc   bigint := 4294967295;
    begin
      for i in 0 .. length(bytes) - 1 loop
        crc := crc # get_byte(bytes, i);
        for bit in 1 .. 8 loop
          crc := case when crc & 1 = 1 then (crc >> 1) # 3988292384 else crc >> 1 end;
        end loop;
      end loop;
      return crc # 4294967295;
    end
    $f$;
  end if;
end
$$;
grant execute on function audit.fingerprint(text) to sink;

create table audit.flushed (
  event_table      text        not null,
  minute           timestamptz not null,
  topic            text        not null default '',
  partition        integer     not null default -1,
  first_offset     bigint,
  last_offset      bigint,
  read             bigint      not null default 0,
  read_print       bigint      not null default 0,
  stored           bigint      not null default 0,
  stored_print     bigint      not null default 0
) with (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
comment on table audit.flushed is 'What each flush of the sink has read and stored, written in its transaction; folded into audit.minutes now and then.';
grant select, insert, delete on audit.flushed to sink;

create table audit.minutes (
  event_table      text        not null,
  minute           timestamptz not null,
  topic            text        not null,
  partition        integer     not null,
  first_offset     bigint,
  last_offset      bigint,
  read             bigint      not null,
  read_print       numeric     not null,
  stored           bigint      not null,
  stored_print     numeric     not null,
  primary key (event_table, minute, topic, partition)
) with (fillfactor = 80);
comment on table audit.minutes is 'The ledger, by table, minute of event time, and partition that was read. Rows without a topic say what was stored past duplicates.';
comment on column audit.minutes.first_offset is 'Between this offset and last_offset lie the events of the minute that were read from the partition.';
comment on column audit.minutes.read is 'Events that could be read, as often as they are there.';
comment on column audit.minutes.stored is 'Rows that were new.';
comment on column audit.minutes.stored_print is 'The sum of audit.fingerprint of their ids.';
grant select, insert, update on audit.minutes to sink;

create view audit.ledger as
  select event_table, minute, topic, partition, first_offset, last_offset, read, read_print, stored, stored_print from audit.minutes
  union all
  select event_table, minute, topic, partition, first_offset, last_offset, read, read_print, stored, stored_print from audit.flushed;
comment on view audit.ledger is 'All of the ledger, folded or not.';
grant select on audit.ledger to sink;

create table audit.baselines (
  event_table text        primary key,
  since       timestamptz not null
);
comment on table audit.baselines is 'Minutes before this one are not compared: days of them were dropped by retention.';
grant select, insert, update on audit.baselines to sink;

-- Rows that were there before the ledger are taken as they are.
do $$
declare
  found record;
begin
  for found in
    select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'events' and c.relkind = 'p'
  loop
    execute format($q$insert into audit.minutes
      select %1$L, date_bin('1 minute', occurred_at, 'epoch'), '', -1, null, null, 0, 0, count(*), sum(audit.fingerprint(event_id))
      from events.%1$I group by 2$q$, found.name);
  end loop;
end
$$;

create table audit.carried (
  event_type       text        not null,
  minute           timestamptz not null,
  topic            text        not null,
  partition        integer     not null,
  first_offset     bigint      not null,
  last_offset      bigint      not null,
  events           bigint      not null,
  print            numeric     not null,
  primary key (event_type, minute, topic, partition)
) with (fillfactor = 80);
comment on table audit.carried is 'What Kafka has of each event type where ingest wrote it, by minute of event time and partition, as the audit has counted it.';
comment on column audit.carried.events is 'Records with an id and a time, repetitions included.';
comment on column audit.carried.print is 'The sum of audit.fingerprint of their ids.';

create table audit.lost (
  topic            text        not null,
  partition        integer     not null,
  record_offset    bigint      not null,
  event_id         text        not null,
  event_type       text        not null,
  found_at         timestamptz not null default clock_timestamp(),
  primary key (topic, partition, record_offset, event_id)
);
comment on table audit.lost is 'Events that Kafka has acknowledged to ingest and did not have any more where it had said, when the audit looked.';
