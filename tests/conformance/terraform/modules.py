"""Programs of others in Go: of one version, whose sum is known, and what they build upon by sums of theirs."""

import json
import shutil
import subprocess
from pathlib import Path

import msgspec


class Module(msgspec.Struct, frozen=True):
    """A module, as Go's checksums know it."""

    path: str
    version: str
    sum: str


GOPHERCLOUD = Module(
    "github.com/gophercloud/gophercloud/v2", "v2.16.0", "h1:qhQKoU5mNX8hp4YVN5eks8Y6zFFlBAMYCu55Fc+tGkc="
)
PROVIDER = Module(
    "github.com/terraform-provider-openstack/terraform-provider-openstack/v3",
    "v3.4.0",
    "h1:Ap8gvameIY5ZM7CMh7fngP/VoIyeupzKX3izoyfp9yg=",
)
TERRAFORM = Module("github.com/hashicorp/terraform", "v1.13.3", "h1:Wjwx4gk2sEFbSiHK30nLgde+KuHoIvk1MTW2hojnbmg=")


def source(module: Module, directory: Path) -> Path:
    """Its source, in a directory of this name. Raises RuntimeError when there is none, or another than is expected."""
    if shutil.which("go") is None:
        raise RuntimeError("Go is not installed")
    command = ["go", "mod", "download", "-json", f"{module.path}@{module.version}"]
    said = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=False, cwd="/").stdout or b"{}")
    if said.get("Sum") != module.sum:
        raise RuntimeError(f"{module.path} {module.version}: {said.get('Error') or 'its sum is another'}")
    place = directory / module.version
    if not place.exists():
        shutil.copytree(said["Dir"], place, copy_function=shutil.copyfile)
        for each in (place, *place.rglob("*")):  # Go keeps what it downloads from changes
            each.chmod(0o755 if each.is_dir() else 0o644)
    return place


def build(place: Path, *command: str) -> None:
    """Have Go build something where the source is. Raises CalledProcessError."""
    subprocess.run(["go", *command], cwd=place, check=True)
