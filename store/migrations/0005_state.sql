-- Up Migration

create table pipeline.watermarks (
  consumer     text    not null,
  topic        text    not null,
  partition    integer not null,
  watermark_ms bigint  not null,
  primary key (consumer, topic, partition)
) with (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
comment on table pipeline.watermarks is 'How far the event time of each partition has come for a processor with memory. Moved with the checkpoint.';
comment on column pipeline.watermarks.watermark_ms is 'Milliseconds since 1970: no event older than this is waited for.';

create table pipeline.state (
  consumer  text    not null,
  partition integer not null,
  key       text    not null,
  value     text    not null,
  wake_ms   bigint,
  primary key (consumer, partition, key)
) with (fillfactor = 70);
comment on table pipeline.state is 'What a processor remembers of each key. Changed in the same transaction as its checkpoint.';
comment on column pipeline.state.value is 'JSON; what it means is known to the processor alone.';
comment on column pipeline.state.wake_ms is 'When the watermark has come this far, the processor looks at the key again; milliseconds since 1970.';
create index state_wake on pipeline.state (consumer, partition, wake_ms, key) where wake_ms is not null;

create table pipeline.outbox (
  outbox_id bigint  generated always as identity primary key,
  consumer  text    not null,
  partition integer not null,
  topic     text    not null,
  key       text,
  value     bytea,
  headers   json    not null
);
comment on table pipeline.outbox is 'Records that a processor has decided to write and Kafka has perhaps not acknowledged yet. Deleted after the acknowledgement; a crash before writes them again, with the same ids.';
create index outbox_partition on pipeline.outbox (consumer, partition, outbox_id);

grant select, insert, update, delete on pipeline.watermarks, pipeline.state, pipeline.outbox to sink;
