# SPDX-License-Identifier: MIT
"""The database from both sides: the service's pools and statements, and the PostgreSQL server."""

from parts import (
    GREEN, OPERATIONS, POOL_STATES, POSTGRES_SLOTS, PURPLE, QUANTILES, RED, app_variables, bars, board, falling, heatmap, mean, postgres_variable,
    quantile, query, rate, ratio, rising, row, stat, steps, timeseries, up_or_down,
)  # fmt: skip

# The bound of 1 s under both of the names that releases of Prometheus give it, and no bound of 100 s.
IN_TIME = r'db_query_duration_seconds_bucket{APP,le=~"1|1\\.0"}'
EXECUTED = "db_query_duration_seconds_count{APP}"
SLOW = f"1 - {ratio(rate(IN_TIME), rate(EXECUTED))}"
SLOW_BY_OPERATION = f"{rate(EXECUTED, 'operation')} - {rate(IN_TIME, 'operation')}"
POOL_USE = (
    'sum by (instance) (db_pool_connections{APP,state=~"active|overflow"})'
    " / (sum by (instance) (db_pool_connections_max{APP}) > 0)"
)
DATABASES = 'PG,datname!~"template.*|"'  # rows of shared tables have no name

BOARD = board(
    "database",
    "FlowViz database",
    "Where time in the database goes: waiting for a connection of the pool, or executing statements; then the "
    "PostgreSQL server. On SQLite only the statements have values.",
    app_variables(postgres_variable()),
    [
        row(
            "Summary",
            stat(
                "Pool in use",
                "Lent connections, overflow included, of all that the fullest pool may have. Red from 90 %: requests "
                "will wait; see which statements are slow before you make the pool larger.",
                f"max({POOL_USE})", "percentunit", low=0, high=1, decimals=0, thresholds=rising(0.7, 0.9), no_value="no pool",
                runbooks=["AppDbPoolSaturated"],
            ),
            stat(
                "p95 of waiting",
                "95 % of requests got a connection within this time. Above a few milliseconds the pool is too small "
                "or connections are held too long.",
                quantile(0.95, "db_connection_wait_seconds{APP}"), "s", low=0, thresholds=rising(0.1, 1), no_value="no waiting",
            ),
            stat(
                "p95 of statements",
                "95 % of statements are executed within this time. Red from 1 s, as its alert: the slowest ones are "
                "named below.",
                quantile(0.95, "db_query_duration_seconds{APP}"), "s", low=0, thresholds=rising(0.1, 1), no_value="no statements",
                runbooks=["DbQueryLatencyHigh"],
            ),
            stat(
                "Slow statements",
                "Share of statements that took longer than 1 s. Not 0: a missing index, a lock, or a server that is "
                "short of memory.",
                SLOW, "percentunit", low=0, high=1, decimals=3, thresholds=rising(0.001, 0.01), no_value="no statements",
            ),
            stat(
                "Failed statements",
                "Share of statements that failed or were given up. Not 0: the server is away, full, or too slow for "
                "their deadlines; the log of the service has the reason.",
                ratio(rate("db_query_errors_total{APP}"), rate("db_queries_total{APP}")), "percentunit", low=0, high=1, decimals=3,
                thresholds=rising(0.001, 0.01), no_value="no statements",
            ),
            stat(
                "PostgreSQL",
                "Whether the exporter reached the server. DOWN: the server is stopped, full or not to be reached.",
                "min(pg_up{PG})", "none", mappings=up_or_down(), thresholds=steps((None, RED), (1, GREEN)), no_value="no exporter",
                runbooks=["PostgresDown", "PostgresAbsent"],
            ),
        ),
        row(
            "Pool",
            timeseries(
                "Connections by state",
                "Open connections of all pools: lent, idle, and lent beyond the pool's own size (overflow). More than "
                "5 in overflow for minutes: the pool is too small for the traffic, or statements hold connections too "
                "long.",
                [
                    query("sum by (state) (db_pool_connections{APP})", "{{state}}"),
                    query("sum(db_pool_connections_max{APP})", "limit"),
                ],
                "short", w=8, colors=POOL_STATES, runbooks=["AppDbPoolOverflow", "AppDbPoolSaturated"],
            ),
            timeseries(
                "Pool in use by instance",
                "Lent connections, overflow included, of all that a pool may have. One instance alone near 100 %: its "
                "load is not shared, or it leaks connections.",
                [query(POOL_USE, "{{instance}}")],
                "percentunit", w=8, high=1, thresholds=rising(0.7, 0.9), no_value="no pool", runbooks=["AppDbPoolSaturated"],
            ),
            timeseries(
                "Waiting for a connection",
                "How long requests wait until they have a connection. It rises before errors do: who waits until the "
                "deadline of its request gets a 503.",
                [
                    query(quantile(0.5, "db_connection_wait_seconds{APP}"), "p50"),
                    query(quantile(0.95, "db_connection_wait_seconds{APP}"), "p95"),
                    query(quantile(0.99, "db_connection_wait_seconds{APP}"), "p99"),
                ],
                "s", w=8, colors=QUANTILES, no_value="no waiting",
            ),
        ),
        row(
            "Statements",
            timeseries(
                "Statements by operation",
                "Statements per second by what they do. It follows the requests; a rise without them is a loop or a "
                "new N+1 access.",
                [query(rate("db_queries_total{APP}", "operation"), "{{operation}}")],
                "ops", w=8, stacked=True, colors=OPERATIONS,
            ),
            timeseries(
                "p95 by operation",
                "95 % of the statements of an operation are executed within this time. transaction that rises alone: "
                "commits wait for the disk; select: indexes or locks.",
                [query(quantile(0.95, "db_query_duration_seconds{APP}", "operation"), "{{operation}}")],
                "s", w=8, colors=OPERATIONS, thresholds=rising(None, 1), runbooks=["DbQueryLatencyHigh"],
            ),
            timeseries(
                "Mean by operation",
                "Mean time of a statement by operation. Mean and p95 that part: few statements are slow, and the list "
                "beside tells which.",
                [query(mean("db_query_duration_seconds{APP}", "operation"), "{{operation}}")],
                "s", w=8, colors=OPERATIONS,
            ),
            bars(
                "Slowest ten statements (p95)",
                "The ten statements with the highest p95 now, by their registered names. `explain` the first one.",
                f"topk(10, {quantile(0.95, 'db_statement_duration_seconds{APP}', 'statement')})",
                "{{statement}}", "s", thresholds=rising(0.1, 1), no_value="no statements",
            ),
            bars(
                "Where the time goes",
                "The ten statements that keep the database busiest: seconds of execution per second. A fast one that "
                "is executed too often stands here as well.",
                "topk(10, sum by (statement) (rate(db_statement_duration_seconds_sum{APP}[$__rate_interval])))",
                "{{statement}}", "suffix: s/s", decimals=3, no_value="no statements",
            ),
            heatmap(
                "Distribution",
                "How many statements per second took how long. A second band far above the first one is waiting for "
                "locks.",
                "sum by (le) (rate(db_query_duration_seconds_bucket{APP}[$__rate_interval]))",
                "s", w=8,
            ),
            timeseries(
                "Slower than 1 s",
                "Statements per second that took longer than 1 s. The dashed line is 0.05/s, where the alert begins.",
                [query(SLOW_BY_OPERATION, "{{operation}}")],
                "ops", w=8, colors=OPERATIONS, thresholds=rising(0.05), runbooks=["DbSlowQueries"],
            ),
            timeseries(
                "Failed by operation",
                "Statements per second that failed or were given up, by operation. All operations: the server is away "
                "or full; one: its statement is wrong, or too slow for its deadline.",
                [query(rate("db_query_errors_total{APP}", "operation"), "{{operation}}")],
                "ops", w=8, colors=OPERATIONS,
            ),
        ),
        row(
            "PostgreSQL",
            timeseries(
                "Connections by state",
                "Connections of the server, with the most that clients may have (its maximum without the reserved "
                "ones). idle in transaction that stays: a client forgot to end its transaction, and vacuum waits for "
                "it.",
                [
                    query("sum by (state) (pg_stat_activity_count{PG}) > 0", "{{state}}"),
                    query(f"sum({POSTGRES_SLOTS})", "limit"),
                ],
                "short", w=8, colors={"limit": PURPLE}, runbooks=["PostgresConnectionsHigh"], to="pgbouncer",
            ),
            timeseries(
                "Transactions",
                "Transactions per second that were committed and rolled back, by database. Far above the usual: a "
                "client in a loop.",
                [
                    query(f"sum by (datname) (rate(pg_stat_database_xact_commit{{{DATABASES}}}[$__rate_interval]))",
                          "{{datname}} committed"),
                    query(f"sum by (datname) (rate(pg_stat_database_xact_rollback{{{DATABASES}}}[$__rate_interval]))",
                          "{{datname}} rolled back"),
                ],
                "ops", w=8, runbooks=["PostgresTransactionsHigh"],
            ),
            timeseries(
                "Share of rollbacks",
                "Share of transactions that were rolled back. It rises with conflicts and with statements that miss "
                "their deadline.",
                [
                    query(
                        f"sum(rate(pg_stat_database_xact_rollback{{{DATABASES}}}[$__rate_interval])) / (("
                        f"sum(rate(pg_stat_database_xact_rollback{{{DATABASES}}}[$__rate_interval])) + "
                        f"sum(rate(pg_stat_database_xact_commit{{{DATABASES}}}[$__rate_interval]))) > 0)",
                        "rolled back",
                    )
                ],
                "percentunit", w=8, soft_high=0.1, no_value="no transactions",
            ),
            timeseries(
                "Cache hits",
                "Share of blocks that the server found in its own cache, over 5m. Below 99 % for long: the data no longer fits "
                "into shared_buffers, or a statement reads whole tables.",
                [
                    query(
                        f"sum by (datname) (rate(pg_stat_database_blks_hit{{{DATABASES}}}[5m])) / (("
                        f"sum by (datname) (rate(pg_stat_database_blks_hit{{{DATABASES}}}[5m])) + "
                        f"sum by (datname) (rate(pg_stat_database_blks_read{{{DATABASES}}}[5m]))) > 0)",
                        "{{datname}}",
                    )
                ],
                "percentunit", w=6, high=1, thresholds=falling(0.9, 0.99), no_value="no reads",
            ),
            timeseries(
                "Deadlocks",
                "Deadlocks within the interval. Each one cost somebody a transaction: two paths take the same rows in "
                "different orders; the server's log names both.",
                [query(f"sum by (datname) (increase(pg_stat_database_deadlocks{{{DATABASES}}}[$__rate_interval]))", "{{datname}}")],
                "short", w=6, thresholds=rising(None, 1),
            ),
            timeseries(
                "Longest transaction",
                "Age of the oldest transaction by state. Minutes and more keep vacuum from cleaning up: find it in "
                "pg_stat_activity.",
                [query("max by (state) (pg_stat_activity_max_tx_duration{PG}) > 0", "{{state}}")],
                "s", w=6, thresholds=rising(60, 600), no_value="none open",
            ),
            timeseries(
                "Size",
                "Disk space that each database takes. Hold its growth against the free space on the infrastructure "
                "board.",
                [query(f"max by (datname) (pg_database_size_bytes{{{DATABASES}}})", "{{datname}}")],
                "bytes", w=6, to="infrastructure",
            ),
        ),
    ],
    links=[("Overview", "overview"), ("API", "api"), ("PgBouncer", "pgbouncer"), ("Infrastructure", "infrastructure")],
)  # fmt: skip
