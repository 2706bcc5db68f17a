-- Up Migration

create schema lake;
comment on schema lake is 'What stands in the data lake: one row for each Parquet file, written in the transaction that moves the checkpoint over its records.';
grant usage on schema lake to sink, analyst;

create table lake.files (
  path         text        primary key,
  event_type   text        not null,
  event_date   date        not null,
  event_hour   smallint    not null,
  rows         bigint      not null,
  bytes        bigint      not null,
  consumer     text        not null,
  topic        text        not null,
  partition    integer     not null,
  first_offset bigint      not null,
  next_offset  bigint      not null,
  stored_at    timestamptz not null default clock_timestamp(),
  published_at timestamptz
);
comment on table lake.files is 'A file belongs to the lake when its row is here. Each record of Kafka is in one file.';
comment on column lake.files.path is 'Below the folder or the bucket of the lake.';
comment on column lake.files.event_date is 'Of the events in it, by occurred_at in UTC; event_hour alike.';
comment on column lake.files.first_offset is 'The records of the flush: from here up to, but without, next_offset.';
comment on column lake.files.published_at is 'When it was moved to its path; until then it waits under _staging, where no reader looks.';
create index files_unpublished on lake.files (consumer, topic, partition) where published_at is null;
create index files_by_event on lake.files (event_type, event_date, event_hour);
grant select, insert, update on lake.files to sink;
grant select on lake.files to analyst;
