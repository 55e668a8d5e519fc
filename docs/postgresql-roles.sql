-- Two roles for a PostgreSQL database: one owns the tables and migrates them, the other serves and cannot rewrite what happened.
--
-- Run as a superuser once, before the first `ayumi-server admin migrate`:
--
--   CREATE ROLE ayumi_owner LOGIN PASSWORD '...';
--   CREATE ROLE ayumi_serves LOGIN PASSWORD '...';
--   CREATE DATABASE ayumi OWNER ayumi_owner;
--
-- Run `admin migrate` as ayumi_owner, then the statements below, also as ayumi_owner and again after every later migration.
-- `serve` and all other commands run as ayumi_serves.

GRANT USAGE ON SCHEMA public TO ayumi_serves;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ayumi_serves;

-- The audit and its digests grow and never change.
REVOKE UPDATE, DELETE ON audit, audit_digest, audit_digest_chain FROM ayumi_serves;

-- Entries too, but for the body of one that is erased. Cases are never removed.
REVOKE UPDATE, DELETE ON entry FROM ayumi_serves;
GRANT UPDATE (body) ON entry TO ayumi_serves;
REVOKE DELETE ON case_head, audit_chain FROM ayumi_serves;

-- Only a migration says which schema it is.
REVOKE INSERT, UPDATE, DELETE ON refinery_schema_history, migration_lease FROM ayumi_serves;
