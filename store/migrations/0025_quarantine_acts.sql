-- Up Migration

create table quarantine.acts (
  act_id      bigint      generated always as identity primary key,
  kind        text        not null check (kind in ('fix', 'replay')),
  by          text        not null,
  what        jsonb       not null,
  started_at  timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  matched     integer,
  succeeded   integer
);
comment on table quarantine.acts is 'One line for each time that somebody fixed or replayed events: who, when, which and how. quarantine.replays has each attempt.';
comment on column quarantine.acts.what is 'Which events were asked for, and what was wished for them.';
comment on column quarantine.acts.finished_at is 'null: it is under way, or was killed.';
comment on column quarantine.acts.succeeded is 'Of the matched ones: corrected, or accepted by the front door, now or before. null, as matched: it ended by an error.';
