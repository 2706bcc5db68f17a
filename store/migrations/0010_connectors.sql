-- Up Migration

create table pipeline.connectors (
  name         text        primary key,
  config       jsonb,
  target_state text        not null default 'RUNNING' check (target_state in ('RUNNING', 'PAUSED', 'STOPPED')),
  restarts     bigint      not null default 0,
  changed_at   timestamptz not null default clock_timestamp()
);
comment on table pipeline.connectors is 'What the processes of the sinks are to run; each looks here every second. Changed by the API of the connectors.';
comment on column pipeline.connectors.config is 'The configuration of a connector that was made over the API; null: it is declared in a file.';
comment on column pipeline.connectors.restarts is 'Raised to restart all of its tasks.';
grant select, insert, update, delete on pipeline.connectors to sink;

create table pipeline.connector_tasks (
  connector text        not null,
  worker    text        not null,
  state     text        not null,
  trace     text,
  failures  integer     not null default 0,
  restarts  bigint      not null default 0,
  seen_at   timestamptz not null default clock_timestamp(),
  primary key (connector, worker)
);
comment on table pipeline.connector_tasks is 'What each process tells of its part in each connector; one that was not seen for a while is gone.';
comment on column pipeline.connector_tasks.trace is 'The first error since the task last ran well; later ones are often only its consequences.';
comment on column pipeline.connector_tasks.restarts is 'Raised to restart this task.';
grant select, insert, update, delete on pipeline.connector_tasks to sink;
