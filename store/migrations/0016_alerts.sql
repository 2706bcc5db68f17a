-- Up Migration

create table pipeline.alert_silences (
  silence_id text        primary key,
  matches    jsonb       not null check (jsonb_typeof(matches) = 'object' and matches <> '{}'),
  starts_at  timestamptz not null default now(),
  ends_at    timestamptz not null,
  reason     text        not null check (reason <> ''),
  made_by    text        not null,
  made_at    timestamptz not null default now(),
  check (ends_at > starts_at)
);
comment on table pipeline.alert_silences is 'While one holds, alerts with these labels open and end, but nobody is told.';
comment on column pipeline.alert_silences.matches is 'All of these labels an alert must have: {"rule": "cancellation-spike", "city": "cty_nyc"}.';
comment on column pipeline.alert_silences.ends_at is 'Ended early, it is the moment of that.';
create index alert_silences_end on pipeline.alert_silences (ends_at);
grant select, insert, update on pipeline.alert_silences to sink;
