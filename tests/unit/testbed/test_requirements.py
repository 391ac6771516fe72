"""What is missing is said plainly, with what to do about it."""

import os
import shutil

import pytest

from alcor.testbed import requirements
from alcor.testbed.errors import TestbedError


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(TestbedError, match="run this as root"):
        requirements.check_machine()


def test_programs_that_are_not_installed_are_named_with_the_packages_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    missing = {"ovs-vswitchd", "ovsdb-server", "udhcpc"}
    monkeypatch.setattr(shutil, "which", lambda name, path: None if name in missing else f"/bin/{name}")
    with pytest.raises(TestbedError, match=r"not installed: .*udhcpc.*apt-get install openvswitch-switch udhcpc$"):
        requirements.check_machine()
