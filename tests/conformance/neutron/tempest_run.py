"""Tempest: its configuration, the tests it finds, and running them."""

import configparser
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.conformance.neutron.cloud import Cloud
from tests.keystone.keystone import DOMAIN, REGION, ROOT

_HERE = Path(__file__).parent
_PROGRAMS = ROOT / ".venv-tempest" / "bin"
_TEST_SECONDS = 300  # after which a test is given up
_BY_CLASS = r"([^\.]*\.)*"  # tests of one class share what the class sets up


def configuration(cloud: Cloud, directory: Path, all_extensions: bool) -> dict[str, dict[str, str]]:
    """What tempest.conf says. With all extensions no test is skipped because an extension is not listed."""
    admin = cloud.keystone.admin
    return {
        "DEFAULT": {"log_dir": str(directory), "log_file": "tempest.log"},
        "oslo_concurrency": {"lock_path": str(directory / "locks")},
        "auth": {
            "admin_username": admin.user,
            "admin_project_name": admin.project,
            "admin_password": admin.password.replace("$", "$$"),
            "admin_domain_name": DOMAIN,
            "use_dynamic_credentials": "true",
            "create_isolated_networks": "false",
        },
        "identity": {"uri_v3": cloud.keystone.url, "auth_version": "v3", "region": REGION},
        "service_available": {
            **dict.fromkeys(("neutron", "nova"), "true"),
            **dict.fromkeys(("glance", "cinder", "swift", "horizon"), "false"),
        },
        "network": {
            "public_network_id": cloud.public_network_id,
            "floating_network_name": "public",
            "build_timeout": "30",
        },
        "network-feature-enabled": {
            "api_extensions": "all" if all_extensions else ",".join(cloud.extensions),
            "available_features": "all",
            "ipv6": "true",
            "ipv6_subnet_attributes": "true",
            "port_security": "true",
            "floating_ips": "true",
        },
        "neutron_plugin_options": {
            "available_type_drivers": "flat,vlan,vxlan",
            "provider_vlans": "physnet1,",
            "agent_availability_zone": "nova",
            "create_shared_resources": "true",
        },
    }


class Tempest:
    """The suites of the network API, in a directory for what they leave."""

    def __init__(self, directory: Path, sections: Mapping[str, Mapping[str, str]]) -> None:
        if not (_PROGRAMS / "stestr").exists():
            raise RuntimeError("the suites are not installed: make install-tempest")
        self._directory = directory
        parser = configparser.RawConfigParser()
        parser.read_dict(sections)
        with (directory / "tempest.conf").open("w") as file:
            parser.write(file)
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("OS_", "PYTHON"))},
            "TEMPEST_CONFIG_DIR": str(directory),
            "OS_TEST_TIMEOUT": str(_TEST_SECONDS),
            "OS_LOG_CAPTURE": "1",
            "PYTHONWARNINGS": "ignore",
        }
        subprocess.run(self._stestr("init"), cwd=directory, env=self._environment, check=True)

    def tests(self) -> list[str]:
        """All tests there are."""
        listing = subprocess.run(
            self._stestr("list"),
            cwd=self._directory,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if listing.returncode:
            raise RuntimeError(f"the tests cannot be listed: {listing.stdout}{listing.stderr}")
        return listing.stdout.split()

    def run(self, tests: Sequence[str], workers: int) -> Iterator[dict[str, Any]]:
        """Run tests, and give what becomes of each as it happens."""
        chosen = self._directory / "tests"
        chosen.write_text("\n".join(tests))
        command = self._stestr("run", "--subunit", f"--concurrency={workers}", f"--load-list={chosen}")
        with (
            (self._directory / "stestr.log").open("wb") as errors,
            subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command],
                cwd=self._directory,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            ) as run,
        ):
            try:
                yield from self._told(run)
            finally:
                if run.poll() is None:
                    os.killpg(run.pid, signal.SIGKILL)

    def _told(self, run: "subprocess.Popen[bytes]") -> Iterator[dict[str, Any]]:
        command = [str(_PROGRAMS / "python"), str(_HERE / "stream.py")]
        with subprocess.Popen(command, stdin=run.stdout, stdout=subprocess.PIPE, text=True) as teller:
            assert teller.stdout is not None
            for line in teller.stdout:
                yield json.loads(line)
            run.wait()

    def _stestr(self, command: str, *options: str) -> list[str]:
        where = [f"--test-path={_HERE / 'suites'}", f"--top-dir={_HERE}", f"--group-regex={_BY_CLASS}"]
        return [str(_PROGRAMS / "stestr"), *where, command, *options]
