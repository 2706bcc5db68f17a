-- Up Migration

create table pipeline.actions (
  action_id bigint      generated always as identity primary key,
  at        timestamptz not null default clock_timestamp(),
  by        text        not null,
  action    text        not null,
  subject   text        not null,
  details   jsonb       not null
);
comment on table pipeline.actions is 'One line for each thing that a person did by the console, written in the transaction of what was done.';
comment on column pipeline.actions.by is 'The role of the key that was signed in with, and from which address.';
comment on column pipeline.actions.subject is 'The id of what it was done to; empty when it was done to many.';
create index on pipeline.actions (subject, action_id);
