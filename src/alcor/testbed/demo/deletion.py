"""A deleted port is silent."""

import asyncio

from alcor.testbed.demo.stage import Member, Stage, others

_ANSWERS = 20
_PEERS = 16
_SILENCE_SECONDS = 1.0


async def delete_port(stage: Stage) -> None:
    """Delete a port under a running ping, and listen whether anything still comes of it."""
    members = stage.vpcs[-1].members
    victim = members[-1]
    peers = others(members, victim)[:_PEERS]
    stage.view.scene(f"The port of {victim.name} is deleted")
    ping = peers[0].workload.keep_pinging(victim.address)
    await asyncio.to_thread(ping.wait_for_answers, _ANSWERS)
    await stage.cloud.delete("port", victim.port["id"])
    await asyncio.to_thread(ping.wait_for_silence)
    await asyncio.to_thread(ping.stop)
    listener = peers[0].workload.listen()
    tries = [(peer, victim) for peer in peers] + [(victim, peer) for peer in peers]
    answers = await asyncio.gather(*(_try(*each) for each in tries))
    stage.view.promise(f"{victim.name} reaches nobody, and nobody reaches it", [answer for answer in answers if answer])
    heard = sum(frame[6:12] == victim.mac for frame in listener.heard())
    listener.close()
    stage.view.promise(f"{peers[0].name} hears nothing of it", [f"it heard {heard} frames"] if heard else [])
    members.remove(victim)


async def _try(sender: Member, receiver: Member) -> str:
    answer = await asyncio.to_thread(sender.workload.ping, receiver.address, _SILENCE_SECONDS)
    return "" if answer is None else f"{sender.name} reached {receiver.name}"
