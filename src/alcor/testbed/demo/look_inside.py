"""How to look inside a demo that stays."""

import sys
from pathlib import Path

from alcor.testbed.demo.stage import Stage

_TEXT = """\
The cloud stays until you press Ctrl-C here; then nothing of it remains.

Ask its API, at {api}:
  curl -s {api}/v2.0/ports
  openstack --os-auth-type none --os-endpoint {api} port list --long

It has network namespaces and a /run of its own. Go inside, from another terminal:
  nsenter --mount -t {process_id}
There, among hosts and workloads:
  ip netns
  ip netns exec {sender} ping -c 3 {address}
  {alcor} agent status --config {config}
  {alcor} agent ports --config {config}
  {alcor} agent flows --config {config}
  ovs-vsctl --db=unix:{directory}/db.sock show
  tail {directory}/agent.log {directory}/ovs-vswitchd.log /run/controller/controller.log
"""


def text(stage: Stage) -> str:
    """Commands to try, with the names and addresses of this demo."""
    sender, receiver = stage.vpcs[0].members[:2]
    host = sender.workload.host
    return _TEXT.format(
        api=stage.testbed.controller.address,
        process_id=stage.testbed.sandbox.process_id,
        sender=sender.name,
        address=receiver.address,
        alcor=Path(sys.executable).parent / "alcor",
        config=host.config,
        directory=host.directory,
    )
