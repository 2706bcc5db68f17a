-- Runs once, when the container makes its cluster. The sink and the analyst get passwords when someone sets them.
create role sink login;
create role analyst login;
alter role analyst set statement_timeout = '60s';
alter role analyst set default_transaction_read_only = on;
create database apicurio owner hailstream;
