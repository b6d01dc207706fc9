#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes on standard output what PgBouncer's auth_file has to hold: names and SCRAM secrets, as PostgreSQL keeps them. A
# secret lets PgBouncer check a password without knowing it, and log in at the server as whoever has just logged in.
#
#   umask 077; userlist.sh [PSQL ARGUMENT]... > userlist.txt     # arguments that reach the server as a superuser
set -eu
exec psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@" <<'END'
SELECT format('"%s" "%s"', rolname, rolpassword) FROM pg_authid
WHERE rolname IN ('flowviz', 'pgbouncer_stats') AND rolpassword LIKE 'SCRAM-SHA-256$%' ORDER BY rolname;
END
