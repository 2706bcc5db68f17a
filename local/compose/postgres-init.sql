-- Runs once, when the container makes its cluster. The sink and the analyst get passwords when someone sets them.
create role sink login;
create role analyst login;
create database apicurio owner hailstream;
