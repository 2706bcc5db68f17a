-- Up Migration

create schema quarantine;
comment on schema quarantine is 'Events that were not accepted and that their senders cannot repair. The bytes may hold personal data that no schema has marked, so analysts do not read them.';
grant usage on schema quarantine to sink;

create table quarantine.events (
  quarantine_id    text        primary key,
  state            text        not null default 'open' check (state in ('open', 'fixed', 'replayed')),
  code             text        not null,
  violations       jsonb       not null,
  event_id         text        not null,
  type             text        not null,
  source           text        not null,
  time             text        not null,
  subject          text,
  schema_id        integer,
  key_name         text        not null,
  stage            text        not null,
  token_subject    text,
  original         bytea       not null,
  times_seen       integer     not null default 1,
  received_at      timestamptz not null,
  last_received_at timestamptz not null,
  fixed            bytea,
  fixed_at         timestamptz,
  fixed_by         text,
  attempts         integer     not null default 0,
  lease            uuid,
  lease_until      timestamptz not null default '-infinity',
  check ((fixed is null) = (fixed_at is null))
) with (fillfactor = 80);
comment on table quarantine.events is 'One row for each event, reason and sender. Loaded from the topic quarantine.';
comment on column quarantine.events.state is 'open: as it came. fixed: a corrected version is kept beside it. replayed: the front door has accepted it, or had it already.';
comment on column quarantine.events.code is 'What was wrong first; see docs/errors.md.';
comment on column quarantine.events.violations is 'All that was wrong: code, JSON pointer into the event, expected, got, message.';
comment on column quarantine.events.time is 'As the app wrote it.';
comment on column quarantine.events.key_name is 'The API key that it was sent with, by its name.';
comment on column quarantine.events.token_subject is 'Whom the token of the device spoke for, when it was sent with one.';
comment on column quarantine.events.original is 'The bytes as they were sent, one CloudEvent in JSON. Never changed.';
comment on column quarantine.events.times_seen is 'How often the app has sent it.';
comment on column quarantine.events.received_at is 'When it came for the first time, by the clock of the server.';
comment on column quarantine.events.fixed is 'The corrected version; it is replayed instead of the original.';
comment on column quarantine.events.attempts is 'How often it was replayed; quarantine.replays has each.';
comment on column quarantine.events.lease is 'Which replay has the event in hand; nobody else replays or changes it until lease_until.';
create index events_newest on quarantine.events (received_at, quarantine_id);
create index events_waiting on quarantine.events (received_at, quarantine_id) where state <> 'replayed';
create index events_by_id on quarantine.events (event_id);
grant select, insert on quarantine.events to sink;
grant update (times_seen, last_received_at) on quarantine.events to sink;

create table quarantine.replays (
  quarantine_id text        not null references quarantine.events on delete cascade,
  attempt       integer     not null,
  started_at    timestamptz not null default clock_timestamp(),
  finished_at   timestamptz,
  by            text        not null,
  door          text        not null,
  posted_id     text        not null,
  status        text,
  code          text,
  answer        jsonb,
  primary key (quarantine_id, attempt)
);
comment on table quarantine.replays is 'Each attempt to post an event again. Written before it is posted; without a status, the process ended before it heard an answer.';
comment on column quarantine.replays.posted_id is 'The id that the event was posted under: the key of its row in events.*.';
comment on column quarantine.replays.status is 'accepted, duplicate, rejected, quarantined or retry, as the front door said; refused: it did not take the request.';
comment on column quarantine.replays.answer is 'The result of the front door, whole.';
