# SPDX-License-Identifier: MIT
"""compose.yaml, its overlay and what they mount: read by docker-compose, and held to what a stack must be. No engine is needed, and
none is used."""

import copy
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "stack"))
import questions
import secrets_of_stack as secret_files

SCALED = ("-f", "compose.yaml", "-f", "deploy/compose.scale.yaml")
PORTS_OF_SCALED = dict(re.findall(r"(WMS_\w+_PORTS)=(\S+)", (ROOT / "deploy/compose.scale.yaml").read_text()))


def configured(*arguments, **environment):
    """What docker-compose makes of the files."""
    done = subprocess.run(["docker-compose", *arguments, "config"], cwd=ROOT, text=True, capture_output=True, timeout=60, check=False,
                          env={**os.environ, **environment})  # fmt: skip
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return yaml.safe_load(done.stdout)


ONE_SHOT = {"pgbouncer-userlist"}
SHORT_OF = re.compile(r"(pass|secret|token|key|credential)", re.I)
IN_TEXT = re.compile(r"://[^/@\s:]*:[^/@\s]+@|pass(word|wd)?=[^\s'\"]", re.I)  # a password in an address, a setting or a command
FROM_FILE = re.compile(r"\$+\(cat /run/secrets/\w+\)")
# What only these may, and why: cAdvisor reads the cgroups and files of all containers, node-exporter the machine's processes and disks.
EXCEPTIONS = {
    "cadvisor": {"user", "added: DAC_READ_SEARCH", "added: SYS_PTRACE", "mount: /", "mount: /var/run", "mount: /sys", "mount: /var/lib/docker"},
    "node-exporter": {"pid: host", "mount: /"},
}
HOST_MODES = ("pid", "ipc", "uts", "network_mode", "userns_mode", "cgroup_parent", "devices")
# The stack's contract: what Prometheus scrapes, by job.
SCRAPED = {"app": "wms_service:9464", "prometheus": "localhost:9090", "alertmanager": "alertmanager:9093", "grafana": "grafana:3000",
           "node": "node-exporter:9100", "postgres": "postgres-exporter:9187", "pgbouncer": "pgbouncer-exporter:9127",
           "containers": "cadvisor:8080"}  # fmt: skip


def broken_policies(name, service):
    """What is wrong with a service, as names of policies, without what it may."""
    return [policy for policy in all_broken_policies(name, service) if policy not in EXCEPTIONS.get(name, ())]


def of_host(volume):
    """The path of the machine that a volume shows, unless it is of this repository or a named volume."""
    source = pathlib.PurePosixPath(volume.split(":")[0])
    return str(source) if source.is_absolute() and not source.is_relative_to(ROOT) else None


def all_broken_policies(name, service):
    for capability in service.get("cap_add", []):
        yield f"added: {capability}"
    for mode in HOST_MODES:
        if service.get(mode):
            yield f"{mode}: {service[mode]}"
    for host in filter(None, map(of_host, service.get("volumes", []))):
        yield f"mount: {host}"
    image = service.get("image", "")
    if not re.fullmatch(r"[\w./-]+:v?\d+(\.\d+)+(-[\w.]+)?(@sha256:[0-9a-f]{64})?", image):
        yield "pinned"
    if name not in ONE_SHOT:
        check = service.get("healthcheck", {})
        if not check.get("test") or check.get("disable") or "pg_isready" in str(check["test"]):
            yield "health"
        if service.get("restart") != "unless-stopped":
            yield "restart"
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    if not limits.get("cpus") or not limits.get("memory") or not service.get("pids_limit"):
        yield "limits"
    if service.get("read_only") is not True:
        yield "read-only"
    if service.get("cap_drop") != ["ALL"] or service.get("privileged"):
        yield "capabilities"
    if "no-new-privileges:true" not in service.get("security_opt", []):
        yield "privileges"
    user = str(service.get("user", "0"))
    if user.split(":")[0] in ("0", "root"):
        yield "user"
    if service.get("logging", {}).get("options", {}).keys() != {"max-file", "max-size"}:
        yield "logs"
    for port in service.get("ports", []):
        if not str(port).startswith("127.0.0.1:"):
            yield "loopback"
    environment = {variable: str(text or "") for variable, text in (service.get("environment") or {}).items()}
    named = any(SHORT_OF.search(variable) and not text.startswith("/run/secrets/") for variable, text in environment.items())
    written = [*environment.values(), *(str(service.get(key, "")) for key in ("command", "entrypoint", "healthcheck"))]
    if named or any(IN_TEXT.search(FROM_FILE.sub("", text)) for text in written):
        yield "secrets"
    if not service.get("networks"):
        yield "network"


def broken_rules_of_image(text):
    """What is wrong with a Dockerfile, as names of rules."""
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    stages = []
    for line in lines:
        if line.startswith("FROM "):
            stages.append([])
        stages[-1].append(line)
    for stage in stages:
        if not re.fullmatch(r"FROM [\w./-]+:\d+(\.\d+)+(-\w+)?(@sha256:[0-9a-f]{64})?( AS \w+)?", stage[0]):
            yield "pinned"
        for line in stage:
            if "apt-get install" in line and not ("--no-install-recommends" in line and "rm -rf /var/lib/apt/lists/*" in line):
                yield "small"
    last = stages[-1]
    users = [line.split()[1] for line in last if line.startswith("USER ")]
    if not users or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]):
        yield "user"
    if len(stages) > 1 and not any(line.startswith("COPY --from=") for line in last):
        yield "stages"
    if re.search(r"g\+\+|cmake|ninja", "\n".join(last)):
        yield "stages"  # what builds is not in what runs
    if not last[-1].startswith("ENTRYPOINT ["):
        yield "signals"  # through a shell they would not arrive
    if re.search(r"(password|secret|token)\w*=", "\n".join(line for line in lines if line.startswith(("ENV ", "ARG "))), re.I):
        yield "secrets"


class Images(unittest.TestCase):
    def test_every_image_keeps_every_rule(self):
        files = sorted((ROOT / "deploy").rglob("Dockerfile"))
        self.assertEqual([file.parent.name for file in files], ["pgbouncer", "wms_service"])
        for file in files:
            self.assertEqual(list(broken_rules_of_image(file.read_text())), [], file)

    def test_the_service_is_built_in_one_stage_and_asked_a_real_question(self):
        text = (ROOT / "deploy/wms_service/Dockerfile").read_text()
        self.assertEqual(len(re.findall(r"^FROM ", text, re.M)), 2)
        self.assertRegex(text, r"(?m)^HEALTHCHECK .*\n.*/health/db")

    def test_an_image_that_keeps_none_is_found_out(self):
        """Each rule broken once."""
        text = (ROOT / "deploy/wms_service/Dockerfile").read_text()
        last = text.rindex("FROM debian")
        for rule, old, new in (
            ("pinned", "FROM debian:12.12-slim\n", "FROM debian:latest\n"),
            ("small", " && rm -rf /var/lib/apt/lists/*", ""),
            ("user", "USER 10001:10001", "USER root"),
            ("stages", "libcpp-httplib0.11", "g++"),
            ("stages", "COPY --from=build", "COPY"),
            ("signals", 'ENTRYPOINT ["wms_service"]', "ENTRYPOINT wms_service"),
            ("secrets", "ENV WMS_LISTEN", "ENV WMS_TOKEN=abc WMS_LISTEN"),
        ):
            broken = text[:last] + text[last:].replace(old, new, 1)
            self.assertNotEqual(broken, text, rule)
            self.assertIn(rule, list(broken_rules_of_image(broken)))


class Compose(unittest.TestCase):
    def setUp(self):
        self.stack = configured("-f", "compose.yaml")
        self.services = self.stack["services"]

    def test_every_service_keeps_every_policy(self):
        broken = {name: list(broken_policies(name, service)) for name, service in self.services.items()}
        self.assertEqual({name: rules for name, rules in broken.items() if rules}, {})

    def test_a_service_that_keeps_none_is_found_out(self):
        """Each policy broken once."""
        breaks = {
            "pinned": {"image": "postgres:latest"},
            "health": {"healthcheck": {"test": ["CMD", "pg_isready"]}},
            "restart": {"restart": "no"},
            "limits": {"pids_limit": None},
            "read-only": {"read_only": False},
            "capabilities": {"privileged": True},
            "privileges": {"security_opt": []},
            "user": {"user": "0:0"},
            "logs": {"logging": {}},
            "loopback": {"ports": ["5433:5432"]},
            "secrets": {"environment": {"POSTGRES_PASSWORD": "postgres"}},
            "network": {"networks": {}},
            "added: SYS_ADMIN": {"cap_add": ["SYS_ADMIN"]},
            "pid: host": {"pid": "host"},
            "network_mode: host": {"network_mode": "host"},
            "mount: /var/run/docker.sock": {"volumes": ["/var/run/docker.sock:/var/run/docker.sock:ro"]},
            "mount: /": {"volumes": ["/:/host:ro"]},
        }
        for policy, change in breaks.items():
            service = {**copy.deepcopy(self.services["postgres"]), **change}
            self.assertEqual(broken_policies("postgres", service), [policy])

    def test_there_is_a_thread_for_each_connection_that_the_service_accepts(self):
        service = self.services["wms_service"]
        self.assertGreater(service["pids_limit"], service["ulimits"]["nofile"]["hard"])

    def test_a_password_is_found_wherever_it_is_written(self):
        for change in (
            {"environment": {"DATA_SOURCE_PASS": "postgres"}},
            {"environment": {"WMS_DATABASE": "postgresql://flowviz:secret@pgbouncer:6432/flowviz"}},
            {"environment": {"WMS_DATABASE": "host=pgbouncer user=flowviz password=secret"}},
            {"command": ["sh", "-c", "PGPASSWORD=secret psql"]},
            {"healthcheck": {**self.services["postgres"]["healthcheck"], "test": ["CMD-SHELL", "psql postgres://flowviz:secret@127.0.0.1/flowviz"]}},
        ):
            service = {**copy.deepcopy(self.services["postgres"]), **change}
            self.assertEqual(broken_policies("postgres", service), ["secrets"], change)

    def test_exceptions_are_all_needed_and_of_one_service_each(self):
        for name, excused in EXCEPTIONS.items():
            self.assertEqual(set(all_broken_policies(name, self.services[name])), excused, name)
            more = {**copy.deepcopy(self.services[name]), "volumes": ["/var/run/docker.sock:/var/run/docker.sock"], "cap_add": ["SYS_ADMIN"]}
            self.assertEqual(broken_policies(name, more), ["added: SYS_ADMIN", "mount: /var/run/docker.sock"])

    def test_secrets_are_those_that_the_script_makes_and_are_all_used(self):
        made = {*secret_files.PASSWORDS, *secret_files.ADDRESSES, *secret_files.OPTIONAL, "wms_tokens"}
        self.assertEqual(set(self.stack["secrets"]), made)
        used = {secret["source"] if isinstance(secret, dict) else secret
                for service in self.services.values() for secret in service.get("secrets", [])}  # fmt: skip
        self.assertEqual(used, made)

    def test_secrets_are_made_where_python_has_its_own_packages_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            copy_of = pathlib.Path(folder) / "deploy" / "stack"
            shutil.copytree(ROOT / "deploy" / "stack", copy_of)
            made = subprocess.run([sys.executable, "-I", "-S", copy_of, "secrets"], capture_output=True, text=True, check=False)
            self.assertEqual(made.returncode, 0, made.stderr)
            names = {path.name for path in (copy_of.parent / "secrets").iterdir()}
            self.assertEqual(names, {*secret_files.PASSWORDS, *secret_files.ADDRESSES, *secret_files.OPTIONAL, "wms_tokens"})

    def test_nobody_is_told_of_stopped_lots_until_an_address_is_named(self):
        variable = "WMS_QC_WEBHOOK_URL_FILE"
        self.assertFalse(self.services["wms_service"]["environment"][variable])
        for files, ports in ((("-f", "compose.yaml"), {}), (SCALED, PORTS_OF_SCALED)):
            named = configured(*files, **ports, **{variable: "/run/secrets/qc_webhook_url"})["services"]["wms_service"]
            self.assertEqual(named["environment"][variable], "/run/secrets/qc_webhook_url")
            self.assertIn("qc_webhook_url", [one["source"] if isinstance(one, dict) else one for one in named["secrets"]])

    def test_the_table_of_releases_is_right(self):
        text = (ROOT / "docs/observability.md").read_text()
        rows = re.findall(r"^\| ([\w-]+) \| .* \| ([\d.]+) \|$", text.split("<!-- versions -->")[1].split("<!-- /versions -->")[0], re.M)
        pinned = {name: re.match(r"v?([\d.]+)", service["image"].rpartition(":")[2])[1] for name, service in self.services.items()}
        left_out = {"wms_service", *ONE_SHOT}
        self.assertEqual({{"PostgreSQL": "postgres"}.get(name, name.lower()): version for name, version in rows}, {n: v for n, v in pinned.items() if n not in left_out})

    def test_files_that_are_mounted_exist(self):
        for name, service in self.services.items():
            for volume in service.get("volumes", []):
                source, target = volume.split(":")[:2]
                if source.startswith(str(ROOT)):
                    self.assertTrue(pathlib.Path(source).exists(), f"{name}: {source}")
                    self.assertTrue(volume.endswith(":ro"), f"{name} may write {target}")

    def test_prometheus_scrapes_names_and_ports_that_there_are(self):
        settings = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
        jobs = {job["job_name"]: [target for one in job["static_configs"] for target in one["targets"]] for job in settings["scrape_configs"]}
        self.assertEqual(jobs, {job: [target] for job, target in SCRAPED.items()})
        self.assertEqual(set(jobs), set(questions.JOBS))
        self.assertEqual({(job.get("scheme"), job.get("metrics_path")) for job in settings["scrape_configs"]}, {(None, None)})
        mine = set(self.services["prometheus"]["networks"])
        for job, target in SCRAPED.items():
            host = target.split(":")[0]
            if host == "localhost":
                continue
            self.assertIn(host, self.services, job)
            self.assertTrue(mine & set(self.services[host]["networks"]), f"Prometheus does not reach {host}")
        [alertmanager] = settings["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
        self.assertEqual(alertmanager, SCRAPED["alertmanager"])

    def test_people_find_everything_where_the_questions_ask(self):
        published = {port.rpartition(":")[0] for service in self.services.values() for port in service.get("ports", [])}
        self.assertLessEqual(set(questions.ADDRESSES.values()), published)

    def test_the_database_is_reached_by_nobody_but_the_pooler_and_the_exporter(self):
        on = {name for name, service in self.services.items() if "database" in service["networks"]}
        self.assertEqual(on, {"postgres", "pgbouncer", "pgbouncer-userlist", "postgres-exporter"})
        self.assertTrue(self.stack["networks"]["database"]["internal"])

    def test_the_database_has_no_way_outside(self):
        for name in self.services["postgres"]["networks"]:
            network = self.stack["networks"][name]
            masked = network.get("driver_opts", {}).get("com.docker.network.bridge.enable_ip_masquerade", "true")
            self.assertTrue(network.get("internal") or masked == "false", name)
            if not network.get("internal"):
                self.assertEqual([one for one, service in self.services.items() if name in service["networks"]], ["postgres"])

    def test_files_that_images_are_built_from_exist(self):
        for name, service in self.services.items():
            if "build" not in service:
                continue
            context = pathlib.Path(service["build"]["context"])
            file = context / service["build"].get("dockerfile", "Dockerfile")
            for source in re.findall(r"^COPY (?!--from)(.+) \S+$", file.read_text(), re.M):
                for one in source.split():
                    self.assertTrue((context / one).exists(), f"{name}: {one}")

    def test_scaled_there_are_three_services_on_ports_of_their_own(self):
        scaled = configured(*SCALED, **PORTS_OF_SCALED)
        service = scaled["services"]["wms_service"]
        self.assertEqual(service["scale"], 3)
        self.assertEqual(sorted(service["ports"]), ["127.0.0.1:8000-8002:8000/tcp", "127.0.0.1:9464-9466:9464/tcp"])
        self.assertEqual(broken_policies("wms_service", service), [])
        size = int(service["environment"]["WMS_POOL_SIZE"]) + int(service["environment"]["WMS_POOL_OVERFLOW"])
        pooler = (ROOT / "deploy/pgbouncer/pgbouncer.ini").read_text()
        at_once = int(re.search(r"(?m)^default_pool_size = (\d+)", pooler)[1])  # the reserve comes later than the service waits
        self.assertLessEqual(3 * size, at_once)
        self.assertEqual(service["environment"]["WMS_RATE_LIMIT_STORE"], "database")  # or a limit would be three
        mounted = [one for one in scaled["services"]["prometheus"]["volumes"] if one.endswith("/etc/prometheus/prometheus.yml:ro")]
        self.assertEqual([pathlib.Path(one.split(":")[0]).name for one in mounted], ["prometheus.scale.yml"])

    def test_scaled_prometheus_differs_in_how_it_finds_the_service_and_in_nothing_else(self):
        one, many = (yaml.safe_load((ROOT / "deploy/prometheus" / name).read_text()) for name in ("prometheus.yml", "prometheus.scale.yml"))
        app, apps = one["scrape_configs"][0], many["scrape_configs"][0]
        [target] = app.pop("static_configs")[0]["targets"]
        [found] = apps.pop("dns_sd_configs")
        self.assertEqual(f"{found['names'][0]}:{found['port']}", target)
        self.assertEqual(one, many)


if __name__ == "__main__":
    unittest.main()
