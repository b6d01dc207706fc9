# SPDX-License-Identifier: MIT
"""A real PostgreSQL and a real PgBouncer on ports of their own, set up by the files of deploy/: only addresses, ports
and paths are replaced. Neither runs as root, so where the tests do, they are the user `postgres`."""

import contextlib
import glob
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess

import harness

DEPLOY = pathlib.Path(__file__).parents[2] / "deploy"
ROLES = ("flowviz", "pgbouncer_stats", "postgres_exporter")


def server_program(name):
    """A program of PostgreSQL's server, which Debian has in a folder per version and not in the path."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    path = found[-1] if found else shutil.which(name)
    if path is None:
        raise AssertionError(f"{name} is not installed")
    return path


def unprivileged():
    """What starts a program as somebody who may not do everything."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] if os.geteuid() == 0 else []


def give_away(path):
    if os.geteuid() == 0:
        shutil.chown(path, "postgres", "postgres")


class Postgres:
    """The server, with the roles and the database of deploy/postgres."""

    def __init__(self, folder, track):
        self.home = folder / "postgres"
        self.home.mkdir()
        give_away(self.home)
        self.data, self._track = self.home / "data", track
        [self.port] = harness.free_ports(1)
        self.secrets = folder / "secrets"
        self.secrets.mkdir()
        for role in (*ROLES, "postgres"):
            (self.secrets / f"{role}_password").write_text(secrets.token_hex(16) + "\n")
        self.password_flags = ("--database-password-file", str(self.secrets / "flowviz_password"))  # of the service
        self._run(
            [server_program("initdb"), "-D", self.data, "-U", "postgres", "--no-sync", "--no-locale", "--encoding=UTF8"]
            + ["--auth-local=trust", "--auth-host=scram-sha-256"]
        )
        shutil.copy(DEPLOY / "postgres" / "postgresql.conf", self.data / "flowviz.conf")
        (self.data / "flowviz.conf").chmod(0o644)
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as settings:
            settings.write("\ninclude 'flowviz.conf'\n")
        self.start()
        environment = {**os.environ, "SECRETS": str(self.secrets)}
        self._run(["psql", *self.superuser, "-qXf", DEPLOY / "postgres" / "init.sql"], env=environment, lower=False)

    @property
    def superuser(self):
        """What psql needs to be one; trusted on the socket in the server's own folder."""
        return ["-h", str(self.home), "-p", str(self.port), "-U", "postgres"]

    def password(self, role):
        return (self.secrets / f"{role}_password").read_text().strip()

    def start(self):
        command = [*unprivileged(), server_program("postgres"), "-D", str(self.data), "-p", str(self.port)]
        command += ["-k", str(self.home), "-c", "listen_addresses=127.0.0.1"]
        self.program = self._track(harness.Program("postgres", command, self.home, cwd="/"))
        harness.wait_until(self._is_ready, "PostgreSQL")

    def _is_ready(self):
        if not self.program.running:
            raise AssertionError(f"PostgreSQL ended\n{self.program.stderr[-2000:]}")
        return subprocess.run([server_program("pg_isready"), "-q", *self.superuser], check=False).returncode == 0

    def kill(self):
        """kill -9 of all its processes: nobody has a moment left to put anything in order."""
        postmaster = self.program.pid
        children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        self.program.kill()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        # A server does not start while a process of the last one has its memory.
        harness.wait_until(lambda: not any(map(harness.is_alive, children)), "the end of the server's processes")

    def query(self, sql, database="flowviz"):
        """The rows that a statement yields, as lists of texts."""
        command = ["psql", *self.superuser, "-d", database, "-qXAtF", "\t", "-v", "ON_ERROR_STOP=1", "-c", sql]
        return [line.split("\t") for line in self._run(command, lower=False).splitlines()]

    @staticmethod
    def _run(command, lower=True, **more):
        result = subprocess.run(
            [*(unprivileged() if lower else []), *map(str, command)],
            capture_output=True,
            text=True,
            timeout=harness.DEADLINE_S,
            cwd="/",
            check=False,
            **more,
        )
        if result.returncode != 0:
            raise AssertionError(f"{command[0]} ended with {result.returncode}\n{result.stdout}{result.stderr}")
        return result.stdout


class PgBouncer:
    """The pooler in front of a server."""

    def __init__(self, folder, postgres, track):
        harness.allow_many_files(4096)
        self.home, self._track = folder / "pgbouncer", track
        self.home.mkdir()
        give_away(self.home)
        [self.port] = harness.free_ports(1)
        users = subprocess.run(
            [DEPLOY / "pgbouncer" / "userlist.sh", *postgres.superuser], capture_output=True, text=True, check=True
        ).stdout
        if users.count("SCRAM-SHA-256$") != 2:
            raise AssertionError(f"userlist.sh wrote {users!r}")
        self._write("userlist.txt", users)
        settings = (DEPLOY / "pgbouncer" / "pgbouncer.ini").read_text()
        for name, here in (
            ("host", "127.0.0.1"),
            ("port", postgres.port),
            ("listen_addr ", " 127.0.0.1"),
            ("listen_port ", f" {self.port}"),
            ("unix_socket_dir ", f" {self.home}"),
            ("auth_file ", f" {self.home}/userlist.txt"),
        ):
            settings, count = re.subn(rf"(?m)(^|(?<= )){name}= ?\S+", f"{name}={here}", settings)
            if count != 1:
                raise AssertionError(f"{count} settings of {name} in pgbouncer.ini")
        self._write("pgbouncer.ini", settings)
        self.start()

    def _write(self, name, text):
        path = self.home / name
        path.write_text(text)
        path.chmod(0o600)
        give_away(path)

    def start(self):
        command = [*unprivileged(), harness.program("PGBOUNCER", "pgbouncer"), str(self.home / "pgbouncer.ini")]
        self.program = self._track(harness.Program("pgbouncer", command, self.home, cwd="/"))
        harness.wait_until(self._is_ready, "PgBouncer")

    def _is_ready(self):
        if not self.program.running:
            raise AssertionError(f"PgBouncer ended\n{self.program.stderr[-2000:]}")
        return self._administer("SHOW VERSION").returncode == 0

    def kill(self):
        self.program.kill()

    def url(self, role="flowviz", database="flowviz"):
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def _administer(self, command):
        psql = ["psql", "-h", str(self.home), "-p", str(self.port), "-U", "pgbouncer", "-d", "pgbouncer"]
        return subprocess.run(
            [*unprivileged(), *psql, "-qXAF", "\t", "-P", "footer=off", "-c", command],
            capture_output=True,
            text=True,
            timeout=harness.DEADLINE_S,
            cwd="/",
            check=False,
        )

    def administer(self, command):
        """What a command of the console shows: a dictionary for each row."""
        result = self._administer(command)
        if result.returncode != 0:
            raise AssertionError(f"{command}: {result.stderr}")
        lines = [line.split("\t") for line in result.stdout.splitlines()]
        return [dict(zip(lines[0], line)) for line in lines[1:]]

    @contextlib.contextmanager
    def paused(self):
        """It lets nobody through until the block ends."""
        self.administer("PAUSE flowviz")
        yield
        self.administer("RESUME flowviz")


class PostgresTest(harness.ServiceTest):
    """One server and one pooler for all cases of a class; each has lots of its own making in the one database."""

    @classmethod
    def setUpClass(cls):
        cls.case = harness.ServiceTest()
        harness.ServiceTest.setUp(cls.case)
        cls.addClassCleanup(cls.case.doCleanups)
        cls.postgres = Postgres(cls.case.folder, cls.case.track)
        cls.pgbouncer = PgBouncer(cls.case.folder, cls.postgres, cls.case.track)

    def start_on_postgresql(self, flags=(), **options):
        return self.start_service(database_url=self.pgbouncer.url(), flags=(*self.postgres.password_flags, *flags), **options)

    def lot(self, service, *args, **fields):
        """A registered lot."""
        answer = service.register(*args, **fields)
        self.assertEqual(answer.status, 201, answer)
        return answer.json


class OnPostgresql:
    """Runs the cases of a test class that it stands before with a server and a pooler of their own, in the place of SQLite."""

    def setUp(self):
        super().setUp()
        self.postgres = Postgres(self.folder, self.track)
        self.pgbouncer = PgBouncer(self.folder, self.postgres, self.track)

    def start_service(self, flags=(), database=None, **options):  # there is one database, whatever file a case names
        return super().start_service(database_url=self.pgbouncer.url(), flags=(*self.postgres.password_flags, *flags), **options)
