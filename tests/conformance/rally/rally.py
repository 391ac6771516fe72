"""Rally: told of a cloud, run on it, and its report read."""

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from tests.conformance.neutron.cloud import Cloud
from tests.keystone.keystone import DOMAIN, REGION, ROOT

_PROGRAM = ROOT / ".venv-rally" / "bin" / "rally"


class Result(msgspec.Struct, frozen=True):
    """What became of a scenario: how often it was run, why it failed, and how long it took (seconds)."""

    name: str
    iterations: int
    errors: tuple[str, ...]
    median: float | None
    ninth: float | None


class Rally:
    """Rally with a database of its own in a directory, which knows the cloud as ``cloud``.

    Raises RuntimeError when it is not installed, or cannot use the cloud.
    """

    def __init__(self, cloud: Cloud, directory: Path) -> None:
        if not _PROGRAM.exists():
            raise RuntimeError("Rally is not installed: make install-rally")
        self._directory = directory
        (directory / "rally.conf").write_text(f"[database]\nconnection = sqlite:///{directory}/rally.db\n")
        admin = cloud.keystone.admin
        account = {
            "username": admin.user,
            "password": admin.password,
            "project_name": admin.project,
            "user_domain_name": DOMAIN,
            "project_domain_name": DOMAIN,
        }
        platform = {"auth_url": cloud.keystone.url, "region_name": REGION, "admin": account}
        self._run("db", "create")
        spec = self._written("platform.json", {"existing@openstack": platform})
        self._run("env", "create", "--name", "cloud", "--spec", spec)
        self._run("env", "check", "cloud")

    def run(self, task: dict[str, Any], log: Path) -> list[Result]:
        """Run a task to its end. Returns what became of each scenario; the log says what Rally did."""
        path = self._written("task.json", task)
        with log.open("wb") as output:
            self._run("task", "start", path, "--env", "cloud", "--tag", "all", output=output)
        report = self._directory / "report.json"
        self._run("task", "report", "--env", "cloud", "--json", "--out", str(report))
        return [_result(each) for part in json.loads(report.read_text())["tasks"][0]["subtasks"]
                for each in part["workloads"]]  # fmt: skip

    def _written(self, name: str, content: dict[str, Any]) -> str:
        path = self._directory / name
        path.write_text(json.dumps(content))
        return str(path)

    def _run(self, *arguments: str, output: Any = subprocess.PIPE) -> None:
        command = [_PROGRAM, "--config-file", self._directory / "rally.conf", *arguments]
        ended = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
        # 1 and 2 of a task: it did not go through, which its report says.
        if ended.returncode not in ((0, 1, 2) if arguments[:2] == ("task", "start") else (0,)):
            said = ended.stdout.decode() if ended.stdout else ""
            raise RuntimeError(f"rally {' '.join(arguments)} failed: {said}")


def _result(workload: dict[str, Any]) -> Result:
    """Contexts that failed count as errors: nothing was run then."""
    errors = [": ".join(each["error"][:2]).splitlines()[0] for each in workload["data"] if each["error"]]
    errors += [
        f"{phase} of {context['plugin_name']}: {context[phase]['error']['msg']}"
        for context in workload.get("contexts_results", [])
        for phase in ("setup", "cleanup")
        if context[phase] and context[phase]["error"]  # nothing where there was nothing to clean up
    ]
    total = workload["statistics"].get("durations", {}).get("total", {}).get("data", {})
    median, ninth = (value if isinstance(value := total.get(name), float) else None for name in ("median", "90%ile"))
    return Result(_name(workload), len(workload["data"]), tuple(errors), median, ninth)


def _name(workload: dict[str, Any]) -> str:
    (name,) = workload["scenario"]
    return str(name)
