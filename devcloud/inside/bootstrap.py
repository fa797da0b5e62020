#!/usr/bin/python3
"""Fills a fresh dev cloud. `identity`: users, roles, catalogue. `resources`: flavors and the network `public`."""

import sys

from openstack import COMPUTE, IDENTITY, NETWORK, SETTINGS, call, log_in, wait_for

#: (name, MiB of memory, GiB of disk, processors)
FLAVORS = [("m1.tiny", 384, 3, 1), ("m1.small", 768, 5, 2), ("m1.medium", 1536, 8, 2)]
#: (type, name, port and path)
CATALOGUE = [
    ("compute", "nova", "8774/v2.1"),
    ("image", "glance", "9292"),
    ("network", "neutron", "9696"),
    ("placement", "placement", "8778"),
    ("dns", "designate", "9001"),
    ("object-store", "swift", "8080/v1/AUTH_%(project_id)s"),
]


def create(kind: str, plural: str, **fields) -> str:
    """Creates an object in Keystone, returns its id."""
    return call("POST", f"{IDENTITY}/{plural}", {kind: fields})[kind]["id"]


def identity() -> None:
    admin = log_in()
    roles = {role["name"]: role["id"] for role in call("GET", IDENTITY + "/roles")["roles"]}
    for name in ("service", "swiftoperator"):
        roles[name] = create("role", "roles", name=name)

    def grant(project: str, user: str, *names: str) -> None:
        for name in names:
            call("PUT", f"{IDENTITY}/projects/{project}/users/{user}/roles/{roles[name]}")

    def user(name: str, password: str) -> str:
        return create("user", "users", name=name, password=password, domain_id="default")

    services = create("project", "projects", name="service", domain_id="default")
    for name in ("nova", "neutron", "glance", "placement", "swift", "designate"):
        grant(services, user(name, SETTINGS["SERVICE_PASSWORD"]), "admin", "service")
    project = create("project", "projects", name=SETTINGS["PROJECT_NAME"], domain_id="default")
    grant(project, user(SETTINGS["USER_NAME"], SETTINGS["USER_PASSWORD"]), "member", "reader", "swiftoperator")
    grant(project, admin["user"]["id"], "admin")

    create("region", "regions", id=SETTINGS["SECOND_REGION"])
    for kind, name, tail in CATALOGUE:
        service = create("service", "services", type=kind, name=name)
        url = f"http://{SETTINGS['API_IP']}:{tail}"
        for region in (SETTINGS["REGION"], SETTINGS["SECOND_REGION"]):
            for interface in ("public", "internal", "admin"):
                create("endpoint", "endpoints", service_id=service, interface=interface, region_id=region, url=url)


def resources() -> None:
    log_in()
    wait_for("nova")
    for name, memory, disk, processors in FLAVORS:
        call("POST", COMPUTE + "/flavors", {"flavor": {"name": name, "ram": memory, "disk": disk, "vcpus": processors}})
    wait_for("neutron")
    network = {
        "name": SETTINGS["PUBLIC_NETWORK"],
        "shared": True,
        "router:external": True,
        "provider:network_type": "flat",
        "provider:physical_network": "physnet1",
    }
    network_id = call("POST", NETWORK + "/networks", {"network": network})["network"]["id"]
    subnet = {
        "name": SETTINGS["PUBLIC_NETWORK"] + "-v4",
        "network_id": network_id,
        "ip_version": 4,
        "cidr": SETTINGS["PUBLIC_CIDR"],
        "gateway_ip": SETTINGS["PUBLIC_GATEWAY"],
        "allocation_pools": [{"start": SETTINGS["PUBLIC_POOL_START"], "end": SETTINGS["PUBLIC_POOL_END"]}],
    }
    call("POST", NETWORK + "/subnets", {"subnet": subnet})


{"identity": identity, "resources": resources}[sys.argv[1]]()
