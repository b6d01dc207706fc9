# SPDX-License-Identifier: MIT
"""The stack's secrets: files that hold nothing else, made once, none with a default."""

import json
import pathlib
import secrets

PASSWORDS = ("postgres_password", "flowviz_password", "pgbouncer_stats_password", "postgres_exporter_password",
             "grafana_admin_password")  # fmt: skip
ADDRESSES = ("discord_webhook_url", "second_webhook_url", "watchdog_url")
# Whom the service tells of lots that a decision stops: nobody, until WMS_QC_WEBHOOK_URL_FILE names the file.
OPTIONAL = ("qc_webhook_url",)
NOWHERE = "http://alerts.invalid/"  # a name that nobody can have (RFC 2606)
ROLES = ("viewer", "operator", "inspector", "admin")


def make(folder):
    """Makes what is missing. The folder is the owner's alone; the files can be read by whoever they are mounted for."""
    folder = pathlib.Path(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    tokens = [{"token": secrets.token_urlsafe(24), "operator": role, "role": role} for role in ROLES]
    texts = {name: secrets.token_hex(24) for name in PASSWORDS}
    texts |= {"wms_tokens": json.dumps(tokens, indent=1)}
    texts |= dict.fromkeys((*ADDRESSES, *OPTIONAL), NOWHERE)
    made = []
    for name, text in texts.items():
        path = folder / name
        if not path.exists():
            path.write_text(text + "\n", encoding="utf-8")
            path.chmod(0o644 if name in (*ADDRESSES, *OPTIONAL) else 0o444)  # an address is written by hand
            made.append(name)
    return made


def read(folder, name):
    return (pathlib.Path(folder) / name).read_text(encoding="utf-8").strip()


def nowhere(folder):
    """The addresses that alerts are sent to and nobody has set."""
    return [name for name in ADDRESSES if read(folder, name) == NOWHERE]
