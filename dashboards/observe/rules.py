# SPDX-License-Identifier: MIT
"""What goes into Prometheus for a service: the job that scrapes it, and alerts to start with."""

import dataclasses
import json
import urllib.parse

from observe.requests import Requests
from parts import quantile

HEAD = "# Written by scripts/observe for the job {job}. {note}\n"


def round_up(number, digits=2):
    """To so many leading digits, for a limit that people read."""
    step = 10 ** max(len(str(number)) - digits, 0)
    return -(-number // step) * step


def sample_limit(source):
    """More than the service can ever show; of a page, five times what it shows now."""
    return round_up(max(int(source.samples * (1.2 if source.exact else 5)), 1000))


@dataclasses.dataclass
class Address:
    """Where Prometheus finds a page: at first as it takes it to be unless a job says otherwise, in the words of a job."""

    target: str = "localhost:9464"
    scheme: str = "http"
    metrics_path: str = "/metrics"
    params: dict = dataclasses.field(default_factory=dict)

    @staticmethod
    def of(place):
        """That of an address; the usual one for a file."""
        parts = urllib.parse.urlsplit(place)
        if parts.scheme not in ("http", "https"):
            return Address()
        port = "" if parts.port else ":443" if parts.scheme == "https" else ":80"
        path = urllib.parse.unquote(parts.path) or "/"  # Prometheus escapes it again
        params = urllib.parse.parse_qs(parts.query, keep_blank_values=True)
        return Address(parts.netloc.removesuffix(":") + port, parts.scheme, path, params)

    def settings(self):
        """What a job has to say of it, its target aside."""
        usual = vars(Address(self.target))
        # JSON is YAML.
        return "".join(f"  {name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in vars(self).items() if value != usual[name])


def scrape_job(source, job, address):
    note = "Goes under scrape_configs in prometheus.yml."
    why = "The most that it can show, and a fifth more" if source.exact else "Five times what it showed when this was written"
    return (
        HEAD.format(job=job, note=note)
        + f'- job_name: "{job}"\n'
        + "  scrape_interval: 15s\n"
        + f"  # {why}; above it Prometheus takes nothing of a page.\n"
        + f"  sample_limit: {sample_limit(source)}\n"
        + address.settings()
        + "  static_configs:\n"
        + f'    - targets: ["{address.target}"]\n'
    )


def plain(expression, job):
    """The expression of a panel as one of a rule."""
    selected = expression.replace("{APP", f'{{job="{job}"').replace("$__rate_interval", "5m")
    return selected.removesuffix(" >= 0")


def gained(counter, mine):
    return f"sum by (job) (increase({counter}{mine}[5m]))"


def alert(name, expression, hold, severity, summary, description):
    lines = [
        f"      - alert: {name}",
        f"        expr: {expression}" if ": " not in expression and "#" not in expression else f"        expr: >-\n          {expression}",
        *([f"        for: {hold}"] if hold else []),
        "        labels:",
        f"          severity: {severity}",
        "        annotations:",
        f"          summary: {summary}",
        f'          description: "{description}"',
    ]
    return "\n".join(lines) + "\n"


def alerts(source, job):
    """Alerts that any service is glad of, as far as it has the metrics. Thresholds are a beginning. The job is a label of each, so
    their names are the same for all; two severities of one trouble share theirs, for by it Alertmanager joins them."""
    mine = f'{{job="{job}"}}'
    requests = Requests(source)
    rules = [
        alert("ServiceDown", f"up{mine} == 0", "1m", "critical", "An instance does not answer Prometheus.",
              "{{ $labels.instance }} has not answered a scrape for a minute."),
        alert("ServiceAbsent", f"absent(up{mine})", "5m", "critical", "Prometheus does not know the job.",
              f"No target has the job {job}: it is missing in prometheus.yml, or nothing is discovered."),
    ]  # fmt: skip
    # The guards are those of alerts/http.rules.yml: of fewer requests a single one would be the share.
    if requests.counting:
        share = plain(f"{requests.failed('job')} / {requests.total('job')}", job)
        for limit, least, hold, severity in ((0.01, 100, "5m", "warning"), (0.05, 20, "2m", "critical")):
            rules.append(
                alert("ServiceErrorRatioHigh", f"{share} > {limit} and {gained(requests.counting.anchor, mine)} >= {least}", hold, severity,
                      f"More than {limit:.0%} of requests fail.",
                      "{{ $value | humanizePercentage }} of the requests of the last five minutes were answered with 5xx.")
            )  # fmt: skip
    if requests.timing:
        bound = max((b for b in requests.timing.bounds if b <= 1), default=None)
        if bound is not None:
            p99 = plain(quantile(0.99, f"{requests.timing.name}{{APP}}", "job"), job)
            rules.append(
                alert("ServiceLatencyP99High", f"{p99} > {bound:g} and {gained(requests.timing.anchor, mine)} >= 100", "5m", "warning",
                      "Requests are slow.",
                      "99 % of the requests of the last five minutes were answered within {{ $value | humanizeDuration }}, "
                      f"which is more than {bound:g} s.")
            )  # fmt: skip
    if source.named("process_start_time_seconds"):
        rules.append(
            alert("ServiceRestarting", f"changes(process_start_time_seconds{mine}[1h]) > 3", "", "warning", "It starts again and again.",
                  "{{ $labels.instance }} has started {{ $value }} times in the last hour.")
        )  # fmt: skip
    if source.named("process_open_fds") and source.named("process_max_fds"):
        rules.append(
            alert("ServiceFileDescriptorsNearLimit", f"process_open_fds{mine} / process_max_fds{mine} > 0.8", "10m", "warning",
                  "File descriptors run out.", "{{ $labels.instance }} has {{ $value | humanizePercentage }} of its limit open.")
        )  # fmt: skip
    if source.named("flowviz_metrics_label_overflow_total"):
        rules.append(
            alert("ServiceLabelOverflow",
                  f"sum by (job, metric, label) (increase(flowviz_metrics_label_overflow_total{mine}[15m])) > 0", "", "warning",
                  "A label has more values than its cap.",
                  "{{ $labels.metric }} counted {{ $value | humanize }} under _other of its label {{ $labels.label }}.")
        )  # fmt: skip
    note = "Name it under rule_files; the thresholds are a beginning."
    return HEAD.format(job=job, note=note) + f'groups:\n  - name: "{job}"\n    rules:\n' + "\n".join(rules)
