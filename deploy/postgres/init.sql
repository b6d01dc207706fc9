-- SPDX-License-Identifier: MIT
-- Run once by psql, as a superuser, on a new server: who may log in, and the service's database. Its tables are the
-- service's own business (migrations at its start). Passwords are read from files in the folder that SECRETS names.
\set ON_ERROR_STOP on
\set flowviz_password `cat "${SECRETS:-/run/secrets}/flowviz_password"`
\set pgbouncer_stats_password `cat "${SECRETS:-/run/secrets}/pgbouncer_stats_password"`
\set postgres_exporter_password `cat "${SECRETS:-/run/secrets}/postgres_exporter_password"`

-- Statements that hold a password are not for the log.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
SET password_encryption = 'scram-sha-256';

CREATE ROLE flowviz LOGIN PASSWORD :'flowviz_password';
-- The service ends its statements itself. This is for one that has died, or lost its way to the server, in the middle.
ALTER ROLE flowviz SET statement_timeout = '30s';
ALTER ROLE flowviz SET idle_in_transaction_session_timeout = '30s';

-- Reads the server's statistics, for postgres_exporter.
CREATE ROLE postgres_exporter LOGIN PASSWORD :'postgres_exporter_password' IN ROLE pg_monitor;

-- Reads PgBouncer's statistics, for its exporter. It is here for its secret only.
CREATE ROLE pgbouncer_stats NOLOGIN PASSWORD :'pgbouncer_stats_password';

-- Identifiers and codes are ASCII: compared by their bytes, everywhere in the same order.
CREATE DATABASE flowviz OWNER flowviz TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
REVOKE CONNECT ON DATABASE flowviz FROM PUBLIC;
GRANT CONNECT ON DATABASE flowviz TO postgres_exporter;
