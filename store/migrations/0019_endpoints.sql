-- Up Migration

alter table webhook.endpoints
  add column format           text        not null default 'cloudevents' check (format in ('cloudevents', 'alertmanager', 'slack')),
  add column least_severity   text        not null default 'info' check (least_severity in ('info', 'warning', 'critical')),
  add column rules            text[]      not null default '{}',
  add column labels           jsonb       not null default '{}',
  add column rate_per_second  double precision check (rate_per_second > 0),
  add column old_secrets_until timestamptz not null default '-infinity',
  add column failing_since    timestamptz,
  add column failed_at        timestamptz,
  add column held_until       timestamptz not null default '-infinity';
comment on column webhook.endpoints.secrets is 'The newest first. Every delivery is signed with it, and with each other one until old_secrets_until.';
comment on column webhook.endpoints.rules is 'Only alerts of these rules are sent; none named: of all.';
comment on column webhook.endpoints.labels is 'Only alerts that have, for each name here, one of its values are sent: {"city": ["cty_nyc"]}.';
comment on column webhook.endpoints.rate_per_second is 'At most so many messages a second from each sender; null: as its option says.';
comment on column webhook.endpoints.failing_since is 'The first failed attempt since the last one that was delivered; begins anew when nothing failed for two days.';
comment on column webhook.endpoints.held_until is 'The receiver asked by Retry-After for nothing before this time.';
grant update (secrets, failing_since, failed_at, held_until) on webhook.endpoints to sink;

-- Two while a receiver changed over by hand stay valid for as long as a rotation gives by default.
update webhook.endpoints set old_secrets_until = now() + interval '24 hours' where cardinality(secrets) > 1;

alter table webhook.deliveries
  add column format          text     not null default 'cloudevents',
  add column priority        smallint not null default 1 check (priority in (0, 1, 2)),
  add column attempts_before integer  not null default 0;
comment on table webhook.deliveries is 'One row for each alert and endpoint that wants it, made in the transaction that moves the checkpoint of the topic alerts.';
comment on column webhook.deliveries.state is 'exhausted: no attempt is left, the receiver is gone, or its endpoint was disabled; kept, to be replayed.';
comment on column webhook.deliveries.priority is 'What is due is sent in this order: 0 critical alerts, 1 all others, 2 what is replayed.';
comment on column webhook.deliveries.attempts_before is 'Attempts that were made before it was replayed for the last time; the schedule begins behind them.';

drop index webhook.deliveries_pending;
create index deliveries_pending on webhook.deliveries (endpoint_id, priority, next_attempt_at, delivery_id) where state = 'pending';
create index deliveries_finished on webhook.deliveries (finished_at) where state <> 'pending';
-- What is old is deleted by the sender.
grant delete on webhook.deliveries, webhook.attempts to sink;
