# SPDX-License-Identifier: MIT
"""The stack without containers: Debian's programs as ordinary processes on loopback, set up by the files of deploy/ and alerts/,
of which only addresses, ports and paths are rendered. For people without an engine, and for the tests.

All of it lies in one folder: secrets, data, configurations, logs, and state.json, which says what runs.
"""

import contextlib
import glob
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import secrets_of_stack as secret_files
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEADLINE_S = 60  # what is not ready by then does not become so
STOP_S = 20
# The stack's contract.
PORTS = {"api": 8000, "metrics": 9464, "postgres": 5433, "pgbouncer": 6432, "prometheus": 9090, "alertmanager": 9093,
         "node": 9100, "postgres_exporter": 9187, "pgbouncer_exporter": 9127}  # fmt: skip
JOBS = ("app", "prometheus", "alertmanager", "node", "postgres", "pgbouncer")
LEFT_OUT = "Grafana and cAdvisor, which Debian has no packages of"
# Debian 12 has another program by this name; scripts/stack fetches the one of Debian 13.
PGBOUNCER_EXPORTER = ROOT / "build/debian-13/prometheus-pgbouncer-exporter/usr/bin/prometheus-pgbouncer-exporter"


class Failed(Exception):
    """The stack cannot be started; the text says why."""


def free_ports():
    """The same names with ports that nobody has."""
    with contextlib.ExitStack() as stack:
        sockets = {name: stack.enter_context(socket.socket()) for name in PORTS}
        for one in sockets.values():
            one.bind(("127.0.0.1", 0))
        return {name: one.getsockname()[1] for name, one in sockets.items()}


def is_taken(port):
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def server_program(name):
    """PostgreSQL's, which Debian has in a folder for each version and not in the path."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    if not found:
        raise Failed(f"{name} is not installed")
    return found[-1]


def unprivileged():
    """PostgreSQL and PgBouncer refuse to run as root, and nothing else here needs to."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] if os.geteuid() == 0 else []


class Stack:
    """A stack in a folder. `state.json` is there from the first process on that was started, until the last has ended."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.state_file = self.folder / "state.json"
        self.state = json.loads(self.state_file.read_text()) if self.state_file.exists() else {"ports": {}, "running": []}

    # --- What it is ---

    @property
    def ports(self):
        return self.state["ports"]

    @property
    def secrets(self):
        return self.folder / "secrets"

    def addresses(self):
        return {name: f"127.0.0.1:{self.ports[name]}" for name in ("api", "metrics", "prometheus", "alertmanager") if name in self.ports}

    def running(self):
        """The programs of the state that are alive; a process number may meanwhile be another program's."""
        return [one for one in self.state["running"] if self._is(one)]

    @staticmethod
    def _is(program):
        try:
            stat = pathlib.Path(f"/proc/{program['pid']}/stat").read_text()
        except OSError:
            return False
        fields = stat.rpartition(")")[2].split()
        return fields[0] != "Z" and fields[19] == program["started"]

    # --- Up ---

    def up(self, service, ports, flags=(), say=print):
        """Starts all of it and waits until each part is ready. Raises Failed, with nothing left running."""
        if self.running():
            raise Failed(f"a stack runs in {self.folder} already; scripts/stack down --native ends it")
        for name, port in ports.items():
            if is_taken(port):
                raise Failed(f"port {port} ({name}) is in use; end what has it, or take --free-ports")
        self.state = {"ports": ports, "running": []}
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        for name in secret_files.make(self.secrets):
            say(f"made the secret {name}")
        self._give_away(self.secrets, inside=True)
        try:
            self._postgres()
            self._pgbouncer()
            self._service(service, flags)
            self._alertmanager()
            self._prometheus()
            self._node_exporter()
            self._postgres_exporter()
            self._pgbouncer_exporter()
        except BaseException:
            self.down(say=lambda _: None)
            raise

    def home(self, name):
        home = self.folder / name
        home.mkdir(exist_ok=True)
        self._give_away(home)
        if unprivileged() and subprocess.run([*unprivileged(), "test", "-w", home], check=False).returncode != 0:
            raise Failed(f"root's servers run as postgres, who cannot enter {self.folder}: choose another one with --folder")
        return home

    @staticmethod
    def _give_away(path, inside=False):
        if os.geteuid() != 0:
            return
        shutil.chown(path, "postgres", "postgres")
        for one in path.iterdir() if inside else ():
            shutil.chown(one, "postgres", "postgres")

    def _write(self, path, text, mode=0o600):
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        self._give_away(path)
        return path

    def _run(self, command, **more):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=DEADLINE_S, cwd="/", check=False,
                              **more)  # fmt: skip
        if done.returncode != 0:
            raise Failed(f"{command[0]} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def _start(self, name, command, ready, **more):
        """Starts a program that outlives this one, and waits until `ready`."""
        log = self.folder / f"{name}.log"
        with open(log, "w", encoding="utf-8") as output:
            process = subprocess.Popen(
                [*unprivileged(), *map(str, command)], stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd="/",
                start_new_session=True, **more,
            )  # fmt: skip
        started = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19]
        self.state["running"].append({"name": name, "pid": process.pid, "started": started})
        self.state_file.write_text(json.dumps(self.state, indent=1))
        deadline = time.monotonic() + DEADLINE_S
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                how = f"ended with {process.returncode}" if process.poll() is not None else f"was not ready within {DEADLINE_S} s"
                raise Failed(f"{name} {how}\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def _accepts(self, name, path=None):
        """Whether the port accepts, and answers 200 at `path` if there is one."""

        def ready():
            try:
                with socket.create_connection(("127.0.0.1", self.ports[name]), timeout=5) as one:
                    if path is None:
                        return True
                    one.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
                    return b" 200 " in one.recv(4096).split(b"\n")[0]
            except OSError:
                return False

        return ready

    @property
    def superuser(self):
        """What psql needs to be one: trusted on the socket in the server's own folder."""
        return ["-h", self.folder / "postgres", "-p", self.ports["postgres"], "-U", "postgres"]

    def _postgres(self):
        home = self.home("postgres")
        data = home / "data"
        # While it is there, the server is not what init.sql makes of it: a start was interrupted, and begins again.
        unfinished = home / "unfinished"
        if unfinished.exists():
            shutil.rmtree(data, ignore_errors=True)
        is_new = not (data / "PG_VERSION").exists()
        if is_new:
            unfinished.touch()
            self._run([*unprivileged(), server_program("initdb"), "-D", data, "-U", "postgres", "--no-locale", "--encoding=UTF8",
                       "--auth-local=trust", "--auth-host=scram-sha-256"])  # fmt: skip
            with open(data / "postgresql.conf", "a", encoding="utf-8") as settings:
                settings.write("\ninclude 'flowviz.conf'\n")
        self._write(data / "flowviz.conf", (ROOT / "deploy/postgres/postgresql.conf").read_text())
        command = [server_program("postgres"), "-D", data, "-p", self.ports["postgres"], "-k", home, "-c", "listen_addresses=127.0.0.1"]
        is_ready = [server_program("pg_isready"), "-q", *map(str, self.superuser)]
        self._start("postgres", command, lambda: subprocess.run(is_ready, check=False).returncode == 0)
        if is_new:
            environment = {**os.environ, "SECRETS": str(self.secrets)}
            self._run(["psql", *self.superuser, "-qXf", ROOT / "deploy/postgres/init.sql"], env=environment)
            unfinished.unlink()

    def _pgbouncer(self):
        home = self.home("pgbouncer")
        self._write(home / "userlist.txt", self._run([ROOT / "deploy/pgbouncer/userlist.sh", *self.superuser]))
        settings = (ROOT / "deploy/pgbouncer/pgbouncer.ini").read_text()
        here = {
            r"host=\S+ port=\S+": f"host=127.0.0.1 port={self.ports['postgres']}",
            r"(?m)^listen_addr = .*": "listen_addr = 127.0.0.1",
            r"(?m)^listen_port = .*": f"listen_port = {self.ports['pgbouncer']}",
            r"(?m)^unix_socket_dir = .*": f"unix_socket_dir = {home}",
            r"(?m)^auth_file = .*": f"auth_file = {home}/userlist.txt",
        }
        for pattern, text in here.items():
            settings, count = re.subn(pattern, lambda _, text=text: text, settings)
            if count != 1:
                raise Failed(f"deploy/pgbouncer/pgbouncer.ini has {count} settings of {pattern}")
        ini = self._write(home / "pgbouncer.ini", settings)
        self._start("pgbouncer", ["prlimit", "--nofile=2048:", "pgbouncer", ini], self._accepts("pgbouncer"))

    @staticmethod
    def copied(program, home):
        """A copy that everybody may run: where it was built, others may not read."""
        copy = home / program.name
        shutil.copy2(program, copy)
        copy.chmod(0o755)
        return copy

    def _service(self, service, flags):
        program = self.copied(pathlib.Path(service), self.home("wms_service"))
        webhook = []
        if secret_files.read(self.secrets, "qc_webhook_url") != secret_files.NOWHERE:
            webhook = ["--qc-webhook-url-file", self.secrets / "qc_webhook_url"]
        command = [
            program, "--database", f"postgresql://flowviz@127.0.0.1:{self.ports['pgbouncer']}/flowviz",
            "--database-password-file", self.secrets / "flowviz_password", "--tokens", self.secrets / "wms_tokens",
            "--listen", f"127.0.0.1:{self.ports['api']}", "--metrics-listen", f"127.0.0.1:{self.ports['metrics']}", *webhook, *flags,
        ]  # fmt: skip
        self._start("wms_service", command, self._accepts("metrics", "/health/db"))

    def _alertmanager(self):
        home = self.home("alertmanager")
        settings = yaml.safe_load((ROOT / "deploy/alertmanager/alertmanager.yml").read_text())
        # Releases before 0.28 take an address, and no file that holds one.
        for receiver in settings["receivers"]:
            for kind in receiver.values():
                for one in kind if isinstance(kind, list) else ():
                    for key in [key for key in one if key.endswith("url_file")]:
                        one[key.removesuffix("_file")] = secret_files.read(self.secrets, pathlib.Path(one.pop(key)).name)
        file = self._write(home / "alertmanager.yml", yaml.safe_dump(settings, sort_keys=False))
        command = ["prometheus-alertmanager", f"--config.file={file}", f"--storage.path={home}/data", "--cluster.listen-address=",
                   f"--web.listen-address=127.0.0.1:{self.ports['alertmanager']}"]  # fmt: skip
        self._start("alertmanager", command, self._accepts("alertmanager", "/-/ready"))

    def _prometheus(self):
        home = self.home("prometheus")
        rules = self.home("prometheus/alerts")
        for path in sorted((ROOT / "alerts").glob("*.rules.yml")):
            self._write(rules / path.name, path.read_text())
        settings = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
        settings["rule_files"] = [f"{rules}/*.rules.yml"]
        settings["alerting"]["alertmanagers"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{self.ports['alertmanager']}"]}]
        ports = {"app": "metrics", "postgres": "postgres_exporter", "pgbouncer": "pgbouncer_exporter"}
        settings["scrape_configs"] = [one for one in settings["scrape_configs"] if one["job_name"] in JOBS]
        for one in settings["scrape_configs"]:
            port = self.ports[ports.get(one["job_name"], one["job_name"])]
            one["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
        file = self._write(home / "prometheus.yml", yaml.safe_dump(settings, sort_keys=False))
        command = ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={home}/data", "--storage.tsdb.retention.time=30d",
                   "--enable-feature=exemplar-storage", "--web.enable-lifecycle", f"--web.listen-address=127.0.0.1:{self.ports['prometheus']}"]  # fmt: skip
        self._start("prometheus", command, self._accepts("prometheus", "/-/ready"))

    def _node_exporter(self):
        command = ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{self.ports['node']}"]
        self._start("node-exporter", command, self._accepts("node", "/"))

    def _postgres_exporter(self):
        environment = {**os.environ, "DATA_SOURCE_URI": f"127.0.0.1:{self.ports['postgres']}/flowviz?sslmode=disable",
                       "DATA_SOURCE_USER": "postgres_exporter",
                       "DATA_SOURCE_PASS_FILE": str(self.secrets / "postgres_exporter_password")}  # fmt: skip
        command = ["prometheus-postgres-exporter", f"--web.listen-address=127.0.0.1:{self.ports['postgres_exporter']}"]
        self._start("postgres-exporter", command, self._accepts("postgres_exporter", "/"), env=environment)

    def _pgbouncer_exporter(self):
        if not PGBOUNCER_EXPORTER.exists():
            raise Failed(f"{PGBOUNCER_EXPORTER} is missing; scripts/stack up --native fetches it")
        program = self.copied(PGBOUNCER_EXPORTER, self.home("pgbouncer_exporter"))
        password = secret_files.read(self.secrets, "pgbouncer_stats_password")
        address = f"postgres://pgbouncer_stats:{password}@127.0.0.1:{self.ports['pgbouncer']}/pgbouncer?sslmode=disable"
        environment = {**os.environ, "PGBOUNCER_EXPORTER_CONNECTION_STRING": address}
        command = [program, f"--web.listen-address=127.0.0.1:{self.ports['pgbouncer_exporter']}"]
        self._start("pgbouncer-exporter", command, self._accepts("pgbouncer_exporter", "/"), env=environment)

    # --- Down ---

    def down(self, say=print):
        """Ends what runs, the last one first: each may finish, and is killed if it does not. Data and secrets stay."""
        for program in reversed(self.running()):
            self._end(program, signal.SIGINT if program["name"] == "postgres" else signal.SIGTERM)
            say(f"ended {program['name']}")
        self.state["running"] = []
        self.state_file.unlink(missing_ok=True)

    def _end(self, program, how):
        for number, patience_s in ((how, STOP_S), (signal.SIGKILL, STOP_S)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(program["pid"], number)
            deadline = time.monotonic() + patience_s
            while self._is(program) and time.monotonic() < deadline:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(program["pid"], os.WNOHANG)
                time.sleep(0.02)
            if not self._is(program):
                return
