"""``alcor agent`` teaches, and says what is wrong without a traceback."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from alcor.cli import agent
from alcor.cli.agent import command


def configuration(directory: Path) -> Path:
    path = directory / "agent.toml"
    path.write_text(
        f'host_id = "host-1"\ncontrollers = ["unix:{directory}/c.sock"]\nvtep_ip = "192.0.2.1"\n'
        f'data_directory = "{directory}/data"\ndriver = "memory"\n'
    )
    return path


def test_help_shows_a_configuration_file() -> None:
    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    assert 'host_id = "host-1"' in result.output
    assert "alcor agent flows" in result.output


def test_a_wrong_configuration_is_explained(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--config", str(tmp_path / "missing.toml")])
    assert result.exit_code == 1
    assert "cannot read" in result.output


def test_asking_an_agent_that_does_not_run_says_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["status", "--config", str(configuration(tmp_path))])
    assert result.exit_code == 1
    assert "no agent answers" in result.output


def test_an_agent_runs_can_be_asked_and_stops_cleanly(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    start = "import sys; from alcor.cli.main import main; main(sys.argv[1:])"
    arguments = [sys.executable, "-c", start, "agent", "--config", str(config)]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert "runs at revision 0" in process.stderr.readline()
            shown = CliRunner().invoke(command, ["status", "--config", str(config)])
            assert "waiting for a snapshot" in shown.output
            assert CliRunner().invoke(command, ["ports", "--config", str(config)]).output == ""
            assert CliRunner().invoke(command, ["flows", "--config", str(config)]).exit_code == 0
            second = subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=False)
            assert second.returncode == 1
            assert "in use by a running agent" in second.stderr
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
    assert process.returncode == 0
    assert not (tmp_path / "data" / "agent.sock").exists()


def test_ports_are_listed_with_what_judges_their_packets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = {"vni": 7, "mac_address": "fa:16:3e:00:00:01", "fixed_ips": ["10.0.0.1"], "state": "UP", "reason": ""}
    closed = {"id": "p-1", **usual, "port_security": True, "security_groups": [], "network_acls": []}
    judged = {"id": "p-2", **usual, "port_security": True, "security_groups": ["g-1", "g-2"], "network_acls": ["a-1"]}
    trusted = {"id": "p-3", **usual, "port_security": False, "security_groups": ["g-1"], "network_acls": []}
    monkeypatch.setattr(agent, "_ask", lambda settings, page: [closed, judged, trusted])
    result = CliRunner().invoke(command, ["ports", "--config", str(configuration(tmp_path))])
    assert result.output.splitlines() == [
        "p-1  UP       vni 7  fa:16:3e:00:00:01  10.0.0.1",
        "  security groups  none: nothing passes",
        "p-2  UP       vni 7  fa:16:3e:00:00:01  10.0.0.1",
        "  security groups  g-1, g-2",
        "  network ACLs     a-1",
        "p-3  UP       vni 7  fa:16:3e:00:00:01  10.0.0.1",
        "  security groups  not asked: port security is off",
    ]
