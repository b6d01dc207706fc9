# SPDX-License-Identifier: MIT
"""What scripts/stack does beyond calling compose: secrets, questions, and the stack without containers."""

import argparse
import pathlib
import sys

import questions
import secrets_of_stack as secret_files

ROOT = pathlib.Path(__file__).resolve().parents[2]


def say_where(addresses, secrets):
    print(f"\nAPI          http://{addresses['api']}/openapi.json")
    print(f"metrics      http://{addresses['metrics']}/metrics")
    print(f"Prometheus   http://{addresses['prometheus']}/alerts")
    print(f"Alertmanager http://{addresses['alertmanager']}")
    if "grafana" in addresses:
        print(f"Grafana      http://{addresses['grafana']} (admin, the password is in {secrets}/grafana_admin_password)")
    print(f"tokens       {secrets}/wms_tokens")
    for name in secret_files.nowhere(secrets):
        print(f"Alerts to {name} go nowhere until {secrets}/{name} holds an address; AlertmanagerNotificationsFailing will say so.")


def main():
    parser = argparse.ArgumentParser(prog="scripts/stack")
    parser.add_argument("command", choices=("secrets", "up", "down", "check"))
    parser.add_argument("--native", action="store_true")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build" / "stack")
    parser.add_argument("--service", type=pathlib.Path)
    parser.add_argument("--free-ports", action="store_true")
    parser.add_argument("--patience", type=float, default=0.0)
    parser.add_argument("--service-flag", dest="flags", action="append", default=[])
    arguments = parser.parse_args()
    secrets = ROOT / "deploy" / "secrets"
    if arguments.command == "secrets":
        for name in secret_files.make(secrets):
            print(f"made the secret {name}")
        return 0
    if not arguments.native:
        well = questions.ask(patience_s=arguments.patience)
        if well:
            say_where(questions.ADDRESSES, secrets)
        return 0 if well else 1
    return without_containers(arguments)


def without_containers(arguments):
    import native  # needs a package, which scripts/stack installs for this alone

    stack = native.Stack(arguments.folder)
    if arguments.command == "down":
        stack.down()
        return 0
    if arguments.command == "up":
        try:
            stack.up(arguments.service, native.free_ports() if arguments.free_ports else native.PORTS, arguments.flags)
        except native.Failed as failed:
            print(f"scripts/stack: {failed}", file=sys.stderr)
            return 1
        print(f"Left out: {native.LEFT_OUT}.")
    elif not stack.running():
        print(f"scripts/stack: nothing runs in {stack.folder}; scripts/stack up --native starts it", file=sys.stderr)
        return 1
    well = questions.ask(stack.addresses(), native.JOBS, arguments.patience)
    if well and arguments.command == "up":
        say_where(stack.addresses(), stack.secrets)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
