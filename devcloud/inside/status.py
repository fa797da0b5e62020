#!/usr/bin/python3
"""status.py [--json]: what runs in the cloud, and how much memory it takes without its servers."""

import json
import pathlib
import re
import sys

from openstack import APIS, COMPUTE, answers, call, log_in


def memory_mib() -> int:
    """Proportional set size of all processes but the servers' emulators."""
    total = 0
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if process.joinpath("comm").read_text().startswith("qemu-system"):
                continue
            total += int(re.search(r"^Pss: +(\d+)", process.joinpath("smaps_rollup").read_text(), re.M)[1])
        except (OSError, TypeError):
            pass  # a process that just ended, or a thread of the kernel
    return total // 1024


services = {name: answers(url) for name, url in APIS.items()}
servers = []
if services["keystone"] and services["nova"]:
    log_in()
    for server in call("GET", COMPUTE + "/servers/detail?all_tenants=1")["servers"]:
        addresses = [a["addr"] for network in server["addresses"].values() for a in network]
        servers.append({"name": server["name"], "status": server["status"], "addresses": addresses})
memory = memory_mib()

if "--json" in sys.argv:
    print(json.dumps({"running": True, "built": True, "services": services, "servers": servers, "memoryMiB": memory}))
else:
    print("services  " + ", ".join(f"{name} {'ok' if up else 'DOES NOT ANSWER'}" for name, up in services.items()))
    for server in servers:
        print(f"server    {server['name']}: {server['status']}, {', '.join(server['addresses'])}")
    print(f"memory    {memory} MiB without servers")
