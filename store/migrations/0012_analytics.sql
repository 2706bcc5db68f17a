-- Up Migration

create schema analytics;
comment on schema analytics is 'Ask your questions here: facts (fct_), dimensions (dim_) and aggregates (agg_) without personal data. docs/analytics.md lists them, docs/questions.md has questions to begin with.';
grant usage on schema analytics to analyst;
alter default privileges in schema analytics grant select on tables to analyst;

-- From here on the role reads the event tables by columns, those without personal data; whoever makes a table grants them.
alter default privileges in schema events revoke select on tables from analyst;
revoke select on all tables in schema events from analyst;

create table pipeline.pseudonyms (
  one_row boolean primary key default true check (one_row),
  secret  text    not null default gen_random_uuid()::text || gen_random_uuid()::text
);
comment on table pipeline.pseudonyms is 'The secret that pseudonyms are made with. Whoever knows it can find out which pseudonym an id has; a new one makes all pseudonyms others.';
insert into pipeline.pseudonyms default values;

-- In one expression, which the planner puts into the query: a call for each row would cost more than the hash. Not secret: it gets the secret as an argument.
create function pipeline.pseudonym(secret text, id text) returns text
language sql stable parallel safe
return encode(substring(sha256(convert_to(secret || id, 'UTF8')) for 16), 'hex');
comment on function pipeline.pseudonym(text, text) is 'What analysts see instead of an id of a person or a thing of one.';
