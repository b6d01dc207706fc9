# SPDX-License-Identifier: MIT
"""The pooler between the service and PostgreSQL, by the names of prometheus-community's exporter.

Its pools are named by pgbouncer's database and user; the sizes that they may reach are a property of the database alone, and
carry pgbouncer's name for it as `name`.
"""

from parts import (
    COUNT, GREEN, RED, board, pgbouncer_variable, query, ratio, rising, row, stat, steps, timeseries, up_or_down,
)  # fmt: skip

REAL = 'PGB,database!="pgbouncer"'  # without the admin console
# Of a database and a user; without the reserve, which makes it more than all.
USE = (
    f"sum by (instance, database, user) (pgbouncer_pools_server_active_connections{{{REAL}}})"
    " / on (instance, database) group_left () "
    '(max by (instance, database) (label_replace(pgbouncer_databases_pool_size{PGB}, "database", "$1", "name", "(.+)")) > 0)'
)
CLIENTS = "pgbouncer_used_clients{PGB} / pgbouncer_config_max_client_connections{PGB}"


def connections(*states):
    return [query(f"sum by (database) (pgbouncer_pools_{name}_connections{{{REAL}}})", f"{{{{database}}}} {text}")
            for name, text in states]  # fmt: skip


BOARD = board(
    "pgbouncer",
    "FlowViz PgBouncer",
    "Whether clients wait for server connections, and why: too many clients, too few server connections, or a slow "
    "server.",
    [pgbouncer_variable()],
    [
        row(
            "Summary",
            stat(
                "PgBouncer",
                "Whether the exporter could ask the pooler. DOWN: it is stopped, or refuses the exporter's role.",
                "min(pgbouncer_up{PGB})", "none", mappings=up_or_down(), thresholds=steps((None, RED), (1, GREEN)),
                no_value="no exporter", runbooks=["PgBouncerDown", "PgBouncerAbsent"],
            ),
            stat(
                "Clients at work",
                "Clients that hold a server connection now. It cannot exceed the pool's size in transaction mode.",
                f"sum(pgbouncer_pools_client_active_connections{{{REAL}}})", COUNT, low=0, decimals=0,
            ),
            stat(
                "Clients waiting",
                "Clients that want a server connection and have none. Above 0 for minutes: all server connections are "
                "busy.",
                f"sum(pgbouncer_pools_client_waiting_connections{{{REAL}}})", COUNT, low=0, decimals=0, thresholds=rising(1),
                runbooks=["PgBouncerClientsWaiting"],
            ),
            stat(
                "Longest wait",
                "How long the client at the head of the queue has waited. Red from 1 s: the service will soon give "
                "up; see the statements on the database board.",
                f"max(pgbouncer_pools_client_maxwait_seconds{{{REAL}}})", "s", low=0, thresholds=rising(None, 1),
                runbooks=["PgBouncerMaxWaitHigh"], to="database",
            ),
            stat(
                "Pool in use",
                "Busy server connections of the size of the fullest pool. Red from 90 %; above 100 % its reserve is "
                "in use.",
                f"max({USE})", "percentunit", low=0, high=1.2, decimals=0, thresholds=rising(0.7, 0.9),
                no_value="no pool", runbooks=["PgBouncerPoolSaturated"],
            ),
            stat(
                "Clients of the limit",
                "Client connections, idle ones included, of max_client_conn. From 80 % on: more instances or larger "
                "pools than the pooler was sized for; at 100 % it refuses connections.",
                f"max({CLIENTS})", "percentunit", low=0, high=1, decimals=0, thresholds=rising(0.8, 0.95),
                runbooks=["PgBouncerClientLimitNear"],
            ),
        ),
        row(
            "Clients",
            timeseries(
                "Clients",
                "Clients with a server connection, and clients that wait for one, by database. Waiting without a full "
                "pool below: the server does not accept logins.",
                connections(("client_active", "at work"), ("client_waiting", "waiting")),
                "short", w=8, runbooks=["PgBouncerClientsWaiting"],
            ),
            timeseries(
                "Longest wait",
                "How long the client at the head of each queue has waited. Above 1 s the service begins to give up: "
                "look for slow statements and long transactions on the database board.",
                [query(f"max by (database) (pgbouncer_pools_client_maxwait_seconds{{{REAL}}})", "{{database}}")],
                "s", w=8, thresholds=rising(None, 1), runbooks=["PgBouncerMaxWaitHigh"],
            ),
            timeseries(
                "Clients of the limit",
                "Client connections of max_client_conn, by pooler. It grows with instances and with the size of their "
                "pools: raise the limit, and the limit on open files with it.",
                [query(CLIENTS, "{{instance}}")],
                "percentunit", w=8, high=1, thresholds=rising(0.8, 0.95), runbooks=["PgBouncerClientLimitNear"],
            ),
        ),
        row(
            "Server connections",
            timeseries(
                "Server connections by state",
                "Connections to PostgreSQL: busy, idle, idle long enough to be checked before use, and logging in. "
                "Logins that stay: the server refuses or hangs.",
                connections(
                    ("server_active", "busy"), ("server_idle", "idle"), ("server_used", "to be checked"), ("server_login", "logging in")
                ),
                "short", stacked=True, to="database",
            ),
            timeseries(
                "Pool in use",
                "Busy server connections of the size of each pool; above 100 % its reserve is in use. Near 100 % "
                "clients queue: shorten transactions before you add connections.",
                [query(USE, "{{instance}} {{database}} {{user}}")],
                "percentunit", high=1.2, thresholds=rising(0.7, 0.9), no_value="no pool", runbooks=["PgBouncerPoolSaturated"],
            ),
        ),
        row(
            "Work",
            timeseries(
                "Queries and transactions",
                "What the pooler passes on per second. Many queries by transaction keep connections longer.",
                [
                    query(f"sum by (database) (rate(pgbouncer_stats_queries_pooled_total{{{REAL}}}[$__rate_interval]))",
                          "{{database}} queries"),
                    query(f"sum by (database) (rate(pgbouncer_stats_sql_transactions_pooled_total{{{REAL}}}[$__rate_interval]))",
                          "{{database}} transactions"),
                ],
                "ops", w=8,
            ),
            timeseries(
                "Mean times",
                "Mean time of a query and of a transaction as PostgreSQL executes them. A transaction far longer than "
                "its queries: the service works while it holds the connection.",
                [
                    query(
                        ratio(
                            f"sum by (database) (rate(pgbouncer_stats_queries_duration_seconds_total{{{REAL}}}[$__rate_interval]))",
                            f"sum by (database) (rate(pgbouncer_stats_queries_pooled_total{{{REAL}}}[$__rate_interval]))",
                        ),
                        "{{database}} query",
                    ),
                    query(
                        ratio(
                            "sum by (database) "
                            f"(rate(pgbouncer_stats_server_in_transaction_seconds_total{{{REAL}}}[$__rate_interval]))",
                            f"sum by (database) (rate(pgbouncer_stats_sql_transactions_pooled_total{{{REAL}}}[$__rate_interval]))",
                        ),
                        "{{database}} transaction",
                    ),
                ],
                "s", w=8, no_value="no queries",
            ),
            timeseries(
                "Time spent waiting",
                "Seconds that clients wait per second, in all: the mean number of clients in the queue over the "
                "interval. It shows queues that are gone again before a scrape sees them.",
                [query(f"sum by (database) (rate(pgbouncer_stats_client_wait_seconds_total{{{REAL}}}[$__rate_interval]))",
                       "{{database}}")],
                "suffix: clients", w=8, decimals=2,
            ),
            timeseries(
                "Traffic",
                "Bytes per second between clients and pooler, by database. More sent for the same queries: an answer "
                "grew; find a list that is read without a limit.",
                [
                    query(f"sum by (database) (rate(pgbouncer_stats_received_bytes_total{{{REAL}}}[$__rate_interval]))",
                          "{{database}} received"),
                    query(f"sum by (database) (rate(pgbouncer_stats_sent_bytes_total{{{REAL}}}[$__rate_interval]))",
                          "{{database}} sent"),
                ],
                "Bps", w=24, h=7,
            ),
        ),
    ],
    links=[("Overview", "overview"), ("Database", "database")],
)  # fmt: skip
