"""The tests of heat-tempest-plugin that are about networks and need no servers, as their package has them."""

import configparser
import os
import re
import subprocess
import tempfile
from pathlib import Path

from tests.conformance.heat.service import PYTHON
from tests.conformance.heat.site import Site
from tests.conformance.neutron.outcome import FAILED, PASSED, SKIPPED, Outcome
from tests.keystone.keystone import DOMAIN, REGION

_MODULES = "create_update_neutron_port create_update_neutron_subnet create_update_neutron_trunk extra_route_set"
_ENDED = re.compile(
    r"^(?P<test>heat_tempest_plugin[\w.]+)\[\S+\] \.\.\. (?P<result>ok|FAIL|ERROR|skipped.*)$", re.MULTILINE
)
_SECONDS = 1_800


def outcomes(site: Site, regex: str, output: Path) -> list[Outcome]:
    """What became of each. The log has the rest."""
    modules = [f"heat_tempest_plugin.tests.functional.test_{each}" for each in _MODULES.split()]
    with tempfile.TemporaryDirectory(prefix="alcor-heat-tempest-", dir="/tmp") as directory:
        _configure(site, Path(directory))
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("OS_", "PYTHON"))},
            "TEMPEST_CONFIG_DIR": directory,
        }
        command = [str(PYTHON), "-W", "ignore", "-m", "unittest", "-v", *(["-k", regex] if regex else []), *modules]
        ended = subprocess.run(
            command, cwd=directory, env=environment, stderr=subprocess.PIPE, timeout=_SECONDS, check=False
        )
    said = ended.stderr.decode(errors="replace")
    (output / "heat-tempest.log").write_text(said)
    found = [_outcome(match) for match in _ENDED.finditer(said)]
    if ended.returncode and not any(each.status == FAILED for each in found) and not regex:
        found.append(Outcome("heat_tempest_plugin", FAILED, said[-500:]))
    return found


def _outcome(match: re.Match[str]) -> Outcome:
    test, result = match["test"], match["result"]
    if result == "ok":
        return Outcome(test, PASSED)
    return Outcome(test, SKIPPED, result) if result.startswith("skipped") else Outcome(test, FAILED)


def _configure(site: Site, directory: Path) -> None:
    keystone = site.cloud.keystone
    member = keystone.add_account("heat-tempest", "heat-tempest", "member")
    parser = configparser.RawConfigParser()
    parser.read_dict({
        "DEFAULT": {"log_dir": str(directory), "log_file": "tempest.log"},
        "service_available": {"heat": "true", "neutron": "true"},
        "heat_plugin": {
            "auth_url": keystone.url,
            "auth_version": "3",
            "username": member.user,
            "password": member.password,
            "project_name": member.project,
            "admin_username": keystone.admin.user,
            "admin_password": keystone.admin.password,
            "admin_project_name": keystone.admin.project,
            "user_domain_name": DOMAIN,
            "project_domain_name": DOMAIN,
            "region": REGION,
            "build_interval": "1",
            "fixed_network_name": "public",
            "floating_network_name": "public",
        },
    })  # fmt: skip
    with (directory / "tempest.conf").open("w") as file:
        parser.write(file)
