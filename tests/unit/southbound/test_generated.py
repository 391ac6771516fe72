"""The committed protocol code is what the protocol buffers say."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MODULES = ("southbound", "network_config")
GENERATED = tuple(f"{module}_pb2{suffix}" for module in MODULES for suffix in (".py", ".pyi", "_grpc.py"))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("proto")
    subprocess.run([ROOT / "tools/generate-proto", out], check=True, cwd=ROOT)
    return out


@pytest.mark.parametrize("name", GENERATED)
def test_generated_code_is_fresh(fresh: Path, name: str) -> None:
    relative = Path("alcor/southbound/v1") / name
    committed = (ROOT / "src" / relative).read_text()
    assert (fresh / relative).read_text() == committed, "run `make proto` and commit the result"
