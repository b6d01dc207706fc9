# SPDX-License-Identifier: MIT
"""The machines, the service's processes, PostgreSQL's connections and, under compose, the containers."""

from parts import (
    CORES, POSTGRES_SLOTS, app_variables, board, container_variable, falling, node_variable, postgres_variable, query, rate, rising, row, stat,
    timeseries,
)  # fmt: skip

# What is no disk: file systems in memory, of images and of the kernel.
DISKS = 'NODE,fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|autofs|nsfs|fuse.*"'
CARDS = 'NODE,device!~"lo|veth.*|br-.*|docker.*"'
FREE = f"node_filesystem_avail_bytes{{{DISKS}}} / node_filesystem_size_bytes{{{DISKS}}}"
BUSY = '1 - avg by (instance) (rate(node_cpu_seconds_total{NODE,mode="idle"}[$__rate_interval]))'
MEMORY = "1 - node_memory_MemAvailable_bytes{NODE} / node_memory_MemTotal_bytes{NODE}"
CONNECTIONS = f"max(sum by (instance) (pg_stat_activity_count{{PG}}) / ({POSTGRES_SLOTS} > 0))"

BOARD = board(
    "infrastructure",
    "FlowViz infrastructure",
    "What the service stands on: machines, its own processes, the server's connections, containers. Full disks and "
    "memory first.",
    app_variables(node_variable(), postgres_variable(), container_variable()),
    [
        row(
            "Summary",
            stat(
                "CPU",
                "Share of its cores that the busiest machine uses. Red from 90 %: see which process or container it "
                "is.",
                f"max({BUSY})", "percentunit", w=6, low=0, high=1, decimals=0, thresholds=rising(0.75, 0.9), no_value="no machine",
            ),
            stat(
                "Memory",
                "Share of its memory that the fullest machine cannot give to anybody. Red from 90 %: the kernel will "
                "soon kill a process.",
                f"max({MEMORY})", "percentunit", w=6, low=0, high=1, decimals=0, thresholds=rising(0.75, 0.9), no_value="no machine",
            ),
            stat(
                "Room on the fullest disk",
                "Share of the fullest file system that programs may still take. Yellow below 10 %, red below 3 %: PostgreSQL "
                "stops when its disk is full. Delete old logs and backups, or grow it.",
                f"min({FREE})", "percentunit", w=6, low=0, high=1, decimals=0, thresholds=falling(0.03, 0.1), no_value="no machine",
                runbooks=["DiskSpaceLow", "DiskSpaceCritical"],
            ),
            stat(
                "PostgreSQL connections",
                "Connections of all that clients may have, of the fullest server. Yellow from 80 %, where the alert begins: "
                "someone goes around the pooler.",
                CONNECTIONS, "percentunit", w=6, low=0, high=1, decimals=0, thresholds=rising(0.8, 0.95), no_value="no exporter",
                runbooks=["PostgresConnectionsHigh"], to="database",
            ),
        ),
        row(
            "Machines",
            timeseries(
                "CPU by mode",
                "Cores by what they do, all machines together. iowait: the disk is slow; steal: the host gives the "
                "machine less than it has.",
                [query('sum by (mode) (rate(node_cpu_seconds_total{NODE,mode!="idle"}[$__rate_interval]))', "{{mode}}")],
                CORES, w=8, stacked=True, decimals=2,
            ),
            timeseries(
                "Load",
                "Processes that run or want to, averaged over a minute, by machine. For long above the number of "
                "cores: work queues.",
                [query("node_load1{NODE}", "{{instance}}")],
                "short", w=8,
            ),
            timeseries(
                "Memory in use",
                "Share of memory that is taken and cannot be given back, by machine. It climbs without more traffic: "
                "find the process or container that grows below.",
                [query(MEMORY, "{{instance}}")],
                "percentunit", w=8, high=1, thresholds=rising(0.75, 0.9),
            ),
            timeseries(
                "Disk space in use",
                "Share of each file system that is taken. A line that climbs steadily says when it will be full.",
                [query(f"1 - {FREE}", "{{instance}} {{mountpoint}}")],
                "percentunit", w=8, high=1, thresholds=rising(0.9, 0.97),
            ),
            timeseries(
                "Disks busy",
                "Share of time in which a disk had work. Near 100 % commits wait for it: see transaction on the "
                "database board.",
                [query("rate(node_disk_io_time_seconds_total{NODE}[$__rate_interval])", "{{instance}} {{device}}")],
                "percentunit", w=8, high=1, thresholds=rising(0.9), to="database",
            ),
            timeseries(
                "Disk traffic",
                "Bytes per second that disks read and write, by machine. Reads that rise alone: a table no longer "
                "fits into memory; writes: a backup, logs, or checkpoints.",
                [
                    query("sum by (instance) (rate(node_disk_read_bytes_total{NODE}[$__rate_interval]))", "{{instance}} read"),
                    query("sum by (instance) (rate(node_disk_written_bytes_total{NODE}[$__rate_interval]))", "{{instance}} written"),
                ],
                "Bps", w=8,
            ),
            timeseries(
                "Network",
                "Bytes per second that machines receive and send, without loopback and bridges. It follows the "
                "requests; near the speed of the card everything waits. Under compose it is the exporter's own network, not the machine's.",
                [
                    query(f"sum by (instance) (rate(node_network_receive_bytes_total{{{CARDS}}}[$__rate_interval]))",
                          "{{instance}} received"),
                    query(f"sum by (instance) (rate(node_network_transmit_bytes_total{{{CARDS}}}[$__rate_interval]))",
                          "{{instance}} sent"),
                ],
                "Bps",
            ),
            timeseries(
                "Network errors",
                "Packets per second that were broken or dropped. Steady and not 0: a cable, a card, or a queue that "
                "is too short.",
                [
                    query(f"sum by (instance) (rate(node_network_receive_errs_total{{{CARDS}}}[$__rate_interval]))",
                          "{{instance}} receiving"),
                    query(f"sum by (instance) (rate(node_network_transmit_errs_total{{{CARDS}}}[$__rate_interval]))",
                          "{{instance}} sending"),
                    query(f"sum by (instance) (rate(node_network_receive_drop_total{{{CARDS}}}[$__rate_interval]))",
                          "{{instance}} dropped"),
                ],
                "pps",
            ),
        ),
        row(
            "The service's processes",
            timeseries(
                "CPU",
                "Cores that each instance keeps busy. One instance alone: its load is not shared, or it loops; "
                "compare with the requests on the API board.",
                [query("rate(process_cpu_seconds_total{APP}[$__rate_interval])", "{{instance}}")],
                CORES, w=6,
            ),
            timeseries(
                "Resident memory",
                "Memory of each instance. A rise over days that traffic does not explain is a leak.",
                [query("process_resident_memory_bytes{APP}", "{{instance}}")],
                "bytes", w=6,
            ),
            timeseries(
                "Threads",
                "Threads of each instance. At the size of its pool of workers all of them are taken: slow clients or "
                "a slow database.",
                [query("process_threads{APP}", "{{instance}}")],
                "short", w=6,
            ),
            timeseries(
                "File descriptors",
                "Open file descriptors of each instance. A connection takes one; what share that is of all that it may have is on the "
                "overview.",
                [query("process_open_fds{APP}", "{{instance}}")],
                "short", w=6,
            ),
        ),
        row(
            "PostgreSQL",
            timeseries(
                "Connections by database",
                "Connections of the server by database, with the most that clients may have. Near the limit somebody "
                "goes around the pooler: pg_stat_activity names the client.",
                [
                    query("sum by (datname) (pg_stat_activity_count{PG}) > 0", "{{datname}}"),
                    query(f"sum({POSTGRES_SLOTS})", "limit"),
                ],
                "short", runbooks=["PostgresConnectionsHigh"], to="database",
            ),
            timeseries(
                "Transactions",
                "Transactions per second on all databases, committed or not. A rise without more requests is a client "
                "in a loop: the database board tells which database.",
                [query(f"{rate('pg_stat_database_xact_commit{PG}')} + {rate('pg_stat_database_xact_rollback{PG}')}", "transactions")],
                "ops", to="database",
            ),
        ),
        row(
            "Containers (compose only)",
            timeseries(
                "CPU",
                "Cores that each container keeps busy. Flat at its limit: it is throttled.",
                [query("sum by (name) (rate(container_cpu_usage_seconds_total{BOX}[$__rate_interval]))", "{{name}}")],
                CORES, decimals=2, no_value="no containers",
            ),
            timeseries(
                "Memory of the limit",
                "Memory that each container cannot give back, as a share of its limit. At 100 % the kernel kills it.",
                [
                    query(
                        "sum by (name) (container_memory_working_set_bytes{BOX}) / (sum by (name) "
                        "(container_spec_memory_limit_bytes{BOX}) > 0)",
                        "{{name}}",
                    )
                ],
                "percentunit", high=1, thresholds=rising(0.8, 0.95), no_value="no containers",
            ),
            collapsed=True,
        ),
    ],
    links=[("Overview", "overview"), ("Database", "database"), ("Monitoring", "meta")],
)  # fmt: skip
