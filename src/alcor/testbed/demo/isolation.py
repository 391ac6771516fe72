"""VPCs cannot hear each other, though their addresses overlap."""

import asyncio
import itertools

from alcor.testbed.demo.stage import Member, Stage, Vpc

_MOST_SENDERS = 16
_SILENCE_SECONDS = 1.0


async def try_to_cross(stage: Stage) -> None:
    """From each VPC, ping addresses of the other; listen everywhere to what arrives."""
    view = stage.view
    view.scene("Two VPCs cannot hear each other")
    shared = sorted(set.intersection(*({member.address for member in vpc.members} for vpc in stage.vpcs)))
    if shared:
        view.say(f"{len(shared)} addresses are in both VPCs, {shared[0]} for one; each VPC has its own behind them")
    listeners = {member.name: member.workload.listen() for member in stage.members()}
    try:
        answers = await asyncio.gather(*(_cross(*pair) for pair in itertools.permutations(stage.vpcs, 2)))
        heard = {name: listener.heard() for name, listener in listeners.items()}
    finally:
        for listener in listeners.values():
            listener.close()
    view.promise("addresses that only the other VPC has do not answer", [text for texts in answers for text in texts])
    strangers = [
        f"{member.name} heard {other.name}"
        for member in stage.members()
        for other in stage.members()
        if other.vpc != member.vpc and any(frame[6:12] == other.mac for frame in heard[member.name])
    ]
    frames = sum(map(len, heard.values()))
    view.promise(f"of {frames} frames that workloads heard meanwhile, none came from the other VPC", strangers)


async def _cross(vpc: Vpc, other: Vpc) -> list[str]:
    """What answered that should not have."""
    own = {member.address for member in vpc.members}
    foreign = [member for member in other.members if member.address not in own]
    tries = [
        (sender, target) for sender, target in zip(vpc.members[:_MOST_SENDERS], itertools.cycle(foreign), strict=False)
    ]
    pings = (asyncio.to_thread(sender.workload.ping, target.address, _SILENCE_SECONDS) for sender, target in tries)
    neighbours = (asyncio.to_thread(one.workload.ping, two.address) for one, two in _inside(vpc.members))
    results, _ = await asyncio.gather(asyncio.gather(*pings), asyncio.gather(*neighbours))
    return [
        f"{sender.name} reached {target.name} at {target.address}"
        for (sender, target), result in zip(tries, results, strict=True)
        if result is not None
    ]


def _inside(members: list[Member]) -> list[tuple[Member, Member]]:
    """Some traffic inside the VPC, for the other to overhear if it can."""
    chosen = members[:_MOST_SENDERS]
    return list(itertools.pairwise(chosen))
