"""A workload moves to another host and keeps its port and addresses."""

import asyncio
import time

from alcor.testbed.demo.stage import Stage, others

_ANSWERS = 20


async def move_workload(stage: Stage) -> None:
    """Bind a port to another host and plug its workload in there, under a running ping."""
    members, hosts = stage.vpcs[0].members, stage.testbed.hosts
    watcher, mover = members[:2]
    old = mover.workload.host
    new = hosts[(hosts.index(old) + 1) % len(hosts)]
    stage.view.scene(f"{mover.name} moves from {old.name} to {new.name}")
    if new is old:
        stage.view.say("there is no other host to move to")
        return
    ping = watcher.workload.keep_pinging(mover.address)
    await asyncio.to_thread(ping.wait_for_answers, _ANSWERS)
    started = time.perf_counter()
    await stage.cloud.update("port", mover.port["id"], {"binding:host_id": new.name})
    await asyncio.to_thread(mover.workload.move, new)
    await stage.cloud.wait_for_status("port", mover.port["id"], "ACTIVE")
    active = time.perf_counter() - started
    await asyncio.to_thread(ping.wait_for_answers, _ANSWERS)
    await asyncio.to_thread(ping.stop)
    stage.view.say(f"ACTIVE on {new.name} {active * 1000:.0f} ms after the request")
    stage.view.say(f"{ping.longest_silence()} packets in a row, one every 10 ms, found it between the hosts")
    peers = others(members, mover)[:_ANSWERS]
    answers = await asyncio.gather(*(asyncio.to_thread(peer.workload.ping, mover.address) for peer in peers))
    unanswered = [peer.name for peer, answer in zip(peers, answers, strict=True) if answer is None]
    stage.view.promise(f"{mover.name} is reachable again at {mover.address}, from all its peers", unanswered)
