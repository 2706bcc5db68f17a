-- Up Migration

create schema webhook;
comment on schema webhook is 'Who is told about alerts, and what was sent to whom.';
grant usage on schema webhook to sink;

create table webhook.endpoints (
  endpoint_id     text        primary key,
  name            text        not null default '',
  url             text        not null,
  secrets         text[]      not null check (cardinality(secrets) between 0 and 5),
  state           text        not null default 'active' check (state in ('active', 'disabled', 'deleted')),
  disabled_reason text,
  created_at      timestamptz not null default clock_timestamp(),
  changed_at      timestamptz not null default clock_timestamp()
);
comment on table webhook.endpoints is 'Receivers of alerts. A deleted one keeps its row, without secrets, for the sake of its deliveries.';
comment on column webhook.endpoints.secrets is 'Every delivery is signed with each of them, the newest first; two while a receiver changes over.';
grant select on webhook.endpoints to sink;
grant update (state, disabled_reason, changed_at) on webhook.endpoints to sink;

create table webhook.deliveries (
  delivery_id     bigint generated always as identity primary key,
  endpoint_id     text        not null references webhook.endpoints,
  message_id      text        not null,
  alert_key       text        not null,
  body            text        not null,
  state           text        not null default 'pending' check (state in ('pending', 'delivered', 'exhausted')),
  attempts        integer     not null default 0,
  next_attempt_at timestamptz not null default clock_timestamp(),
  lease           uuid,
  lease_until     timestamptz not null default '-infinity',
  created_at      timestamptz not null default clock_timestamp(),
  finished_at     timestamptz,
  unique (endpoint_id, message_id)
) with (fillfactor = 70);
comment on table webhook.deliveries is 'One row for each alert and endpoint, made in the transaction that moves the checkpoint of the topic alerts.';
comment on column webhook.deliveries.message_id is 'The header webhook-id: the same at every attempt.';
comment on column webhook.deliveries.body is 'The bytes that are sent and signed: the same at every attempt.';
comment on column webhook.deliveries.state is 'exhausted: no attempt is left, or the receiver is gone; kept to be sent again by hand.';
comment on column webhook.deliveries.lease is 'Which take holds the delivery; whoever marks it must still hold it.';
create index deliveries_pending on webhook.deliveries (endpoint_id, next_attempt_at, delivery_id) where state = 'pending';
create index deliveries_pending_of_alert on webhook.deliveries (endpoint_id, alert_key, delivery_id) where state = 'pending';
grant select, insert on webhook.deliveries to sink;
grant update (state, attempts, next_attempt_at, lease, lease_until, finished_at) on webhook.deliveries to sink;

create table webhook.attempts (
  delivery_id bigint      not null references webhook.deliveries,
  attempt     integer     not null,
  started_at  timestamptz not null default clock_timestamp(),
  seconds     double precision,
  result      text,
  status      integer,
  detail      text,
  primary key (delivery_id, attempt)
);
comment on table webhook.attempts is 'Each POST. Written before it is sent; without a result, the process ended before it could write one.';
comment on column webhook.attempts.detail is 'The first part of the receiver''s answer, or why there was none.';
grant select, insert, update on webhook.attempts to sink;
