"""1,000 copies of one alert to every replica at once, one of which is killed."""

import copy
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from tools.torture.world import World

COPIES = 1000
THREADS = 50


def copies(world: World) -> list[str]:
    """One fault told 1,000 times, each time a little differently; what went wrong."""
    chosen = random.Random(7)
    bodies = [_changed(world.fault(), 0)]
    bodies += [_changed(bodies[0], number) for number in range(1, COPIES)]
    chosen.shuffle(bodies)
    family = world.replicas

    def deliver(number: int) -> int | None:
        if number == COPIES // 2 and len(family) > 1:
            family[-1].kill()
        first = number % len(family)
        for attempt in range(len(family)):
            # As a sender behind a load balancer: another replica, when one is gone.
            asked = family[(first + attempt) % len(family)]
            if (status := asked.deliver(bodies[number])) == 202:
                return status
        return None

    with ThreadPoolExecutor(THREADS) as pool:
        statuses = list(pool.map(deliver, range(COPIES)))
    wrong = []
    if lost := sum(status != 202 for status in statuses):
        wrong.append(f"{lost} of {COPIES} copies were not acknowledged")
    world.recovered(world.alive())
    world.restart_dead()
    if len(found := world.alive().all_incidents()) != 1:
        wrong.append(f"{len(found)} incidents of one fault")
    if (calls := world.calls_of_round()) != ["resolved"]:
        wrong.append(f"calls {calls} instead of one")
    return wrong


def _changed(body: dict[str, Any], number: int) -> dict[str, Any]:
    """The same alert as another copy tells it: other value, other moment."""
    found = copy.deepcopy(body)
    for alert in found["alerts"]:
        alert["valueString"] = f"[ var='A' value={number} ]"
        alert["values"] = {"A": number}
        annotations = alert.setdefault("annotations", {})
        annotations["sent"] = datetime.now(UTC).isoformat()
    return found
