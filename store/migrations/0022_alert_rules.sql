-- Up Migration

create table pipeline.alert_rules (
  name       text        primary key,
  rule       text        check (length(rule) <= 65536),
  change     integer     not null unique,
  made_at    timestamptz not null default now(),
  made_by    text        not null,
  changed_at timestamptz not null default now(),
  changed_by text        not null
);
comment on table pipeline.alert_rules is 'Alert rules that were put by API or hailstream alerts save; each process of the stream looks here every second. No row is ever deleted.';
comment on column pipeline.alert_rules.rule is 'The rule as it was given, YAML or JSON; null: it was removed.';
comment on column pipeline.alert_rules.change is 'Counts the changes of all rules. Whoever has read up to a number has the rules of that moment.';
comment on column pipeline.alert_rules.made_at is 'Events that arrived before do not concern the rule.';
grant select, insert, update on pipeline.alert_rules to sink;
