-- Up Migration

create table pipeline.redrives (
  redrive_id  bigint      generated always as identity primary key,
  by          text        not null,
  filter      jsonb       not null,
  started_at  timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  matched     integer     not null default 0,
  redriven    integer     not null default 0,
  failed      integer     not null default 0,
  skipped     integer     not null default 0
);
comment on table pipeline.redrives is 'One line for each time that somebody redrove dead letters: who, when, which, and what became of them.';
comment on column pipeline.redrives.filter is 'Which letters were asked for.';
comment on column pipeline.redrives.finished_at is 'null: it is under way, or was killed; what it had redriven until then is redriven.';
comment on column pipeline.redrives.failed is 'Letters that were tried and failed again.';
comment on column pipeline.redrives.skipped is 'Letters that were not tried, for a reason that the command told.';
grant select, insert, update on pipeline.redrives to sink;

alter table pipeline.dead_letters
  add column record_time timestamptz,
  add column state       text    not null default 'open' check (state in ('open', 'redriven')),
  add column attempts    integer not null default 0,
  add column tried_at    timestamptz,
  add column redrive_id  bigint references pipeline.redrives;
comment on column pipeline.dead_letters.record_time is 'When the record came to Kafka; null for letters from before this was kept.';
comment on column pipeline.dead_letters.state is 'redriven: its record is stored after all, so the letter is history.';
comment on column pipeline.dead_letters.attempts is 'How often it was redriven, with or without success.';
comment on column pipeline.dead_letters.redrive_id is 'The last one that tried.';
grant update (state, attempts, tried_at, redrive_id, reason, sql_state, message) on pipeline.dead_letters to sink;
create index on pipeline.dead_letters (consumer, topic, partition, record_offset) where state = 'open';

create table pipeline.topic_letters (
  topic         text        not null,
  partition     integer     not null,
  record_offset bigint      not null,
  step          text        not null,
  state         text        not null check (state in ('open', 'sending', 'redriven')),
  attempts      integer     not null,
  tried_at      timestamptz not null default clock_timestamp(),
  code          text,
  reason        text,
  redrive_id    bigint      references pipeline.redrives,
  primary key (topic, partition, record_offset, step)
);
comment on table pipeline.topic_letters is 'What became of dead letters that lie in a topic, where nothing can be changed; one that was never redriven has no row.';
comment on column pipeline.topic_letters.topic is 'With partition and record_offset: where the processor had read the record.';
comment on column pipeline.topic_letters.step is 'Whose letter it is: the flow, or the step where the letter does not name its flow.';
comment on column pipeline.topic_letters.state is 'sending: what came of it was about to be written; whoever redrives next looks whether it was.';
comment on column pipeline.topic_letters.code is 'Why it failed again, the last time.';
grant select, insert, update on pipeline.topic_letters to sink;
