-- Up Migration

create table audit.acknowledged (
  event_type       text        not null,
  minute           timestamptz not null,
  events           bigint      not null,
  primary key (event_type, minute)
) with (fillfactor = 80);
comment on table audit.acknowledged is 'How many events of each type and minute of event time Kafka has acknowledged to ingest, as the audit has counted them.';
comment on column audit.acknowledged.events is 'Events with an id. One that Kafka has lost counts in the minute in which ingest told of it.';
