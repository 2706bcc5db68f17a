-- Up Migration

create table pipeline.replays (
  replay_id   bigint      generated always as identity primary key,
  by          text        not null,
  topic       text        not null,
  connector   text        not null,
  from_time   timestamptz not null,
  to_time     timestamptz not null,
  started_at  timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  read        bigint      not null default 0,
  stored      bigint      not null default 0,
  present     bigint      not null default 0,
  rejected    bigint      not null default 0,
  letters     bigint      not null default 0,
  ahead       bigint      not null default 0
);
comment on table pipeline.replays is 'One line for each time that somebody replayed a topic into a sink: who, when, what, and what became of it.';
comment on column pipeline.replays.finished_at is 'null: it is under way, or was interrupted; what it had stored until then is stored.';
comment on column pipeline.replays.present is 'Rows that were there already, or would have taken the place of newer ones.';
comment on column pipeline.replays.rejected is 'Records that became dead letters.';
comment on column pipeline.replays.letters is 'Records that were dead letters before, and were left alone.';
comment on column pipeline.replays.ahead is 'Records that the live sink had not come to yet, and were left to it.';
grant select, insert, update on pipeline.replays to sink;

alter table pipeline.dead_letters add column counted boolean not null default false;
comment on column pipeline.dead_letters.counted is 'The audit ledger has its record as stored already, so a redrive does not count it again.';
comment on column pipeline.dead_letters.at is 'When it became a dead letter, the last time.';
comment on column pipeline.dead_letters.attempts is 'How often it was redriven, with or without success, or refused again behind a redrive.';
grant update (at, record_time, counted) on pipeline.dead_letters to sink;
