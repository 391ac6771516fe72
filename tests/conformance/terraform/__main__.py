"""``make terraform``: acceptance tests of Terraform's OpenStack provider, and of the Go library below it."""

import os
import re
import shutil
import subprocess
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import click

from tests.conformance import options
from tests.conformance.neutron.cloud import PUBLIC, Cloud, run_cloud
from tests.conformance.terraform.modules import GOPHERCLOUD, PROVIDER, TERRAFORM, build, source
from tests.keystone.keystone import DOMAIN, REGION, Account

_NETWORKING = "internal/acceptance/openstack/networking/v2"
_ELSEWHERE = re.compile("bgp|bgpvpns|fwaas|taas|vpnaas")  # other services', whose extensions are not Neutron's own
_OF_THE_PROVIDER = "TestAcc(OpenStack)?Networking"
_ENDED = re.compile(r"^ *--- (PASS|FAIL|SKIP): (\S+)", re.MULTILINE)
_SECONDS = 1_800
# As gophercloud has it where it tests itself: by Neutron's own rule an administrator may not.
_POLICY = """
"create_port:binding:profile": "rule:admin_only or rule:service_api"
"update_port:binding:profile": "rule:admin_only or rule:service_api"
"""


@options.suite
def main(regex: str, database: str, output: Path) -> None:
    """Build the tests and Terraform, start Keystone and a controller, and say what became of each test."""
    output.mkdir(parents=True, exist_ok=True)
    gophercloud, provider, terraform = _built(output / "go")
    (output / "terraform.log").unlink(missing_ok=True)
    started, results = time.monotonic(), Counter[str]()
    with tempfile.TemporaryDirectory(prefix="alcor-terraform-", dir="/tmp") as directory:
        policy = Path(directory) / "policy.yaml"
        policy.write_text(_POLICY)
        os.environ["ALCOR_POLICY_FILE"] = str(policy)
        with run_cloud(output, database) as cloud:
            member = cloud.keystone.add_account("demo", "demo", "member")
            for program in gophercloud:
                run = ["-test.run", regex] if regex else []
                results += _run([str(program), *run], program.parent, _environment(cloud, cloud.keystone.admin), output)
            for account in (cloud.keystone.admin, member):
                environment = _environment(cloud, account) | {"TF_ACC": "1", "TF_ACC_TERRAFORM_PATH": str(terraform)}
                command = [str(provider), "-test.run", regex or _OF_THE_PROVIDER, "-test.parallel", "4"]
                results += _run(command, provider.parent, environment, output)
    click.echo(f"passed {results['PASS']}, failed {results['FAIL']}, skipped {results['SKIP']} (by themselves); "
               f"{time.monotonic() - started:.0f} s; logs are in {output}")  # fmt: skip
    raise SystemExit(bool(results["FAIL"] or results["broken"] or not results["PASS"]))


def _built(directory: Path) -> tuple[list[Path], Path, Path]:
    """The tests of gophercloud, those of the provider, each beside its source, and Terraform."""
    place = source(GOPHERCLOUD, directory / "gophercloud") / _NETWORKING
    packages = [each.parent for each in sorted(place.rglob("*_test.go")) if not _ELSEWHERE.search(str(each))]
    programs = [package / "acceptance.test" for package in dict.fromkeys(packages)]
    for program in programs:
        build(program.parent, "test", "-tags", "acceptance", "-c", "-o", program.name)
    provider = source(PROVIDER, directory / "provider") / "openstack"
    build(provider, "test", "-c", "-o", "acceptance.test")
    terraform = Path(found) if (found := shutil.which("terraform")) else _built_terraform(directory)
    return programs, provider / "acceptance.test", terraform


def _built_terraform(directory: Path) -> Path:
    place = source(TERRAFORM, directory / "terraform")
    build(place, "build", "-o", "terraform-program")
    return place / "terraform-program"


def _run(command: list[str], place: Path, environment: Mapping[str, str], output: Path) -> Counter[str]:
    """How many tests ended how. Those that failed are printed; the log has all."""
    excluded = tomllib.loads(Path(__file__).with_name("exclusions.toml").read_text())["excluded"]
    command = [*command, "-test.v", "-test.skip", "|".join(each["what"] for each in excluded)]
    ended = subprocess.run(
        command,
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_SECONDS,
        check=False,
    )
    said = ended.stdout.decode(errors="replace")
    with (output / "terraform.log").open("a") as log:
        log.write(said)
    found = _ENDED.findall(said)
    for result, name in found:
        if result == "FAIL":
            click.echo(f"FAIL {place.name} {name}")
    results = Counter(result for result, _ in found)
    if ended.returncode and not results["FAIL"]:
        click.echo(f"{command[0]} ended with {ended.returncode}: {_end_of(said)}")
        results["broken"] = 1
    return results


def _end_of(said: str) -> str:
    """Why a program of tests ended before they did, as far as it says."""
    return next((line for line in said.splitlines() if line.startswith("panic:")), said[-200:])


def _environment(cloud: Cloud, account: Account) -> dict[str, str]:
    """Who asks, and what there is. No server is made: images and flavors are names that nobody looks for."""
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "CHECKPOINT_DISABLE": "1",
        "OS_AUTH_URL": cloud.keystone.url,
        "OS_USERNAME": account.user,
        "OS_PASSWORD": account.password,
        "OS_PROJECT_NAME": account.project,
        "OS_TENANT_NAME": account.project,
        "OS_DOMAIN_NAME": DOMAIN,
        "OS_REGION_NAME": REGION,
        "OS_EXTGW_ID": cloud.public_network_id,
        "OS_NETWORK_ID": cloud.public_network_id,
        "OS_NETWORK_NAME": PUBLIC,
        "OS_POOL_NAME": PUBLIC,
        "OS_PORT_FORWARDING_ENVIRONMENT": "1",
        "OS_BRANCH": "master",
        "OS_IMAGE_ID": "image",
        "OS_IMAGE_NAME": "image",
        "OS_FLAVOR_ID": "small",
        "OS_FLAVOR_ID_RESIZE": "large",
        "OS_FLAVOR_NAME": "small",
    }


if __name__ == "__main__":
    main()
