#!/usr/bin/python3
"""ready.py SECONDS: ends when every API answers and every agent has reported since the container booted."""

import datetime
import os
import sys
import time

import requests
from openstack import APIS, COMPUTE, NETWORK, answers, http, log_in

BOOTED = os.stat("/run/devcloud/booted").st_mtime


def missing() -> list:
    """What is not there yet, in words."""
    silent = [name for name, url in APIS.items() if not answers(url)]
    if silent:
        return silent
    if "X-Auth-Token" not in http.headers:
        log_in()

    def fresh(stamp) -> bool:
        return bool(stamp) and datetime.datetime.fromisoformat(stamp + "+00:00").timestamp() > BOOTED

    services = http.get(COMPUTE + "/os-services", timeout=30).json().get("services", [])
    agents = http.get(NETWORK + "/agents", timeout=30).json().get("agents", [])
    late = [s["binary"] for s in services if not fresh((s["updated_at"] or "").split(".")[0])]
    late += [a["agent_type"] for a in agents if not fresh(a["heartbeat_timestamp"])]
    for kind, number, expected in (("nova service", len(services), 3), ("neutron agent", len(agents), 3)):
        if number < expected:
            late.append(f"{expected - number} {kind}(s)")
    return late


def main() -> None:
    end = time.monotonic() + float(sys.argv[1])
    while True:
        try:
            late = missing()
        except (requests.RequestException, ValueError) as problem:
            late = [f"an answer ({type(problem).__name__})"]
        if not late:
            return
        if time.monotonic() > end:
            raise SystemExit("still missing after " + sys.argv[1] + " s: " + ", ".join(late))
        time.sleep(0.5)


main()
