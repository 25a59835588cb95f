"""One round: a fault, an alert, a death at one place, a restart, an end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.torture.points import CrashPoint
from tools.torture.world import World, wait_until

MAY_CALL_TWICE = frozenset(
    {
        CrashPoint.AFTER_COMMIT,
        CrashPoint.AFTER_202,
        CrashPoint.AFTER_INTENT,
        CrashPoint.AFTER_ANSWER,
    }
)
"""Where a call may be under way, so that nobody can know whether the factory heard:
rule 10 calls once more. The worker has the incident before its webhook is answered."""
NOT_ACKNOWLEDGED = frozenset({CrashPoint.AFTER_BODY_READ, CrashPoint.AFTER_COMMIT})


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What became of a fault whose Responder was killed on the way."""

    incident: dict[str, Any]
    calls: list[str]
    """The factory's answers to this fault's reports."""


def die_at(world: World, point: CrashPoint) -> Ended:
    """Kill the replica that comes to `point`, start it again, follow to the end.

    Whoever was not answered sends again, as IRM does.
    """
    first = world.alive()
    body = world.fault()
    if point is not CrashPoint.AFTER_202:
        world.arm(point)
    status = first.deliver(body)
    if point is CrashPoint.AFTER_202:
        first.kill()
    _order_until(world, world.dead)
    # The worker may be faster than the answer: only two places are sure.
    assert status is None or point not in NOT_ACKNOWLEDGED
    world.restart_dead()
    if status is None:
        assert world.alive().deliver(body) == 202
    incident = world.recovered(world.alive())
    return Ended(incident=incident, calls=world.calls_of_round())


def _order_until(world: World, true: Callable[[], Any]) -> None:
    def true_while_diners_order() -> Any:
        world.shop.order()
        return true()

    wait_until(true_while_diners_order)


def wrong_with(ended: Ended, point: CrashPoint, world: World) -> list[str]:
    """Every promise that this round broke; none is what everyone hopes for."""
    wrong = []
    if ended.calls.count("resolved") != 1:
        wrong.append(f"{point}: {ended.calls} instead of one effective call")
    most = 2 if point in MAY_CALL_TWICE else 1
    if len(ended.calls) > most:
        wrong.append(f"{point}: {len(ended.calls)} calls, at most {most} are allowed")
    if world.factory.most_at_once > 1:
        wrong.append(f"{point}: {world.factory.most_at_once} reports at once")
    if (
        len(ended.incident["reports"]) != len(ended.calls)
        and point not in MAY_CALL_TWICE
    ):
        wrong.append(f"{point}: the record tells another number of calls")
    return wrong


def wrong_after(world: World, point: CrashPoint, kills: int) -> list[str]:
    """Every promise that so many kills at one place broke."""
    ended = (die_at(world, point) for _ in range(kills))
    return [wrong for one in ended for wrong in wrong_with(one, point, world)]


def outcomes_without_an_answer(world: World) -> list[str]:
    """What is told of the calls of an incident that lost the answer to its first."""
    ended = die_at(world, CrashPoint.AFTER_ANSWER)
    return [report["outcome"] for report in ended.incident["reports"]]
