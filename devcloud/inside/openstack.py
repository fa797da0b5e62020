"""A small administrator's client of the dev cloud, on `requests`."""

import pathlib
import time

import requests

SETTINGS = dict(
    line.split("=", 1)
    for line in pathlib.Path(__file__).parent.parent.joinpath("settings.env").read_text().splitlines()
    if line and not line.startswith("#")
)
IDENTITY = SETTINGS["AUTH_URL"]
APIS = {
    "keystone": IDENTITY,
    "glance": f"http://{SETTINGS['API_IP']}:9292/",
    "placement": f"http://{SETTINGS['API_IP']}:8778/",
    "nova": f"http://{SETTINGS['API_IP']}:8774/",
    "neutron": f"http://{SETTINGS['API_IP']}:9696/",
    "designate": f"http://{SETTINGS['API_IP']}:9001/",
    "swift": f"http://{SETTINGS['API_IP']}:8080/healthcheck",
}
COMPUTE = APIS["nova"] + "v2.1"
NETWORK = APIS["neutron"] + "v2.0"
IMAGE = APIS["glance"] + "v2"

http = requests.Session()
http.headers["Connection"] = "close"
http.headers["X-OpenStack-Nova-API-Version"] = "2.79"


def answers(url: str, timeout: float = 5) -> bool:
    """Whether an API answers at all."""
    try:
        return http.get(url, timeout=timeout).status_code < 500
    except requests.RequestException:
        return False


def wait_for(name: str, limit: float = 240) -> None:
    """Returns when the API answers, ends the program when it does not in time."""
    end = time.monotonic() + limit
    while not answers(APIS[name]):
        if time.monotonic() > end:
            raise SystemExit(f"{name} does not answer at {APIS[name]}")
        time.sleep(0.3)


def log_in() -> dict:
    """Logs in as administrator; returns what the token says about itself."""
    password = {"name": "admin", "password": SETTINGS["ADMIN_PASSWORD"], "domain": {"id": "default"}}
    project = {"name": "admin", "domain": {"id": "default"}}
    identity = {"methods": ["password"], "password": {"user": password}}
    body = {"auth": {"identity": identity, "scope": {"project": project}}}
    answer = http.post(IDENTITY + "/auth/tokens", json=body, timeout=60)
    answer.raise_for_status()
    http.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]
    return answer.json()["token"]


def call(method: str, url: str, body=None, **options):
    """One request; returns the decoded answer, ends the program when it is refused."""
    answer = http.request(method, url, json=body, timeout=120, **options)
    if not answer.ok:
        raise SystemExit(f"{method} {url}: {answer.status_code} {answer.text[:500]}")
    return answer.json() if answer.content else {}
