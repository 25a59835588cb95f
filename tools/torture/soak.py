"""Twenty webhooks a second for a long time, with a kill every half minute."""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from responder.incident.names import Sender, Status
from responder.senders import sample as samples
from tools.torture.world import Replica, World, wait_until

RATE = 20
KILL_EVERY = 30.0
FAULT_EVERY = 15.0
GROWTH = 1.05
"""The most that memory may grow, from the first quarter of the run to the last."""
Readings = dict[str, list[int]]
"""Bytes of memory by replica, each read just before somebody is killed."""


@dataclass
class _Heard:
    """What the senders were answered."""

    accepted: int = 0
    unanswered: int = 0
    refused: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, status: int | None) -> None:
        with self.lock:
            if status in (200, 202):
                self.accepted += 1
            elif status is None:
                self.unanswered += 1
            else:
                self.refused.append(status)


def soak(world: World, minutes: float) -> list[str]:
    """Keep sending, breaking and killing for so long; what went wrong."""
    heard, ends = _Heard(), time.monotonic() + minutes * 60
    closed = threading.Event()
    with ThreadPoolExecutor(16) as pool:
        sender = threading.Thread(target=_send, args=(world, heard, pool, closed))
        sender.start()
        try:
            wrong, memory = _break_and_kill(world, heard, ends)
        finally:
            closed.set()
            sender.join()
    wrong += _settled(world, heard)
    return wrong + _grown(memory)


def _send(
    world: World, heard: _Heard, pool: ThreadPoolExecutor, closed: threading.Event
) -> None:
    """Repeats of one alert that no rule takes, evenly, whoever answers."""
    labels = {"alertname": "Soak", "responder": "nobody"}
    started = datetime.now(UTC)
    for number in itertools.count():
        if closed.wait(1 / RATE):
            return
        asked = world.replicas[number % len(world.replicas)]
        now = datetime.now(UTC)
        body = samples.body(Sender.GRAFANA, labels, now, Status.FIRING, started)
        pool.submit(_deliver, asked, body, heard)


def _deliver(asked: Replica, body: dict[str, Any], heard: _Heard) -> None:
    heard.count(asked.deliver(body))


def _break_and_kill(
    world: World, heard: _Heard, ends: float
) -> tuple[list[str], Readings]:
    wrong: list[str] = []
    memory: Readings = {}
    kill_at = time.monotonic() + KILL_EVERY
    while time.monotonic() < ends:
        next_fault = time.monotonic() + FAULT_EVERY
        wrong += _one_fault(world)
        if time.monotonic() > kill_at:
            _remember(world, memory)
            # One is spared, so that its memory tells something about hours.
            victims = world.replicas[1:] or world.replicas
            victims[world.rounds % len(victims)].kill()
            world.restart_dead()
            kill_at += KILL_EVERY
        _progress(world, heard, wrong, ends)
        _pause_until(next_fault)
    print(flush=True)
    return wrong, memory


def _pause_until(moment: float) -> None:
    wait_until(lambda: time.monotonic() > moment)


def _one_fault(world: World) -> list[str]:
    body = world.fault()

    def acknowledged() -> bool:
        return any(replica.deliver(body) == 202 for replica in world.replicas)

    wait_until(acknowledged)
    try:
        world.recovered(world.alive())
    except AssertionError:
        return [f"fault {world.rounds} did not end recovered"]
    calls = world.calls_of_round()
    return [] if calls.count("resolved") == 1 else [f"calls {calls}"]


def _settled(world: World, heard: _Heard) -> list[str]:
    wrong = []
    incidents = world.alive().all_incidents()
    if stuck := [i["id"] for i in incidents if i["ended_at"] is None]:
        wrong.append(f"stuck: {stuck}")
    if len(incidents) != world.rounds:
        wrong.append(f"{len(incidents)} incidents of {world.rounds} faults")
    if heard.accepted < heard.unanswered or not heard.accepted:
        wrong.append(f"only {heard.accepted} accepted, {heard.unanswered} unanswered")
    if heard.refused:
        wrong.append(f"{len(heard.refused)} refusals: {sorted(set(heard.refused))}")
    if world.factory.most_at_once > 1:
        wrong.append(f"{world.factory.most_at_once} reports at once")
    print(f"  {heard.accepted} accepted, {heard.unanswered} met a dead process")
    return wrong


def _remember(world: World, memory: Readings) -> None:
    for replica in world.replicas:
        if resident := _resident(replica):
            memory.setdefault(replica.name, []).append(resident)


def _grown(memory: Readings) -> list[str]:
    wrong = []
    for name, readings in memory.items():
        quarter = max(1, len(readings) // 4)
        warm, last = median(readings[:quarter]), median(readings[-quarter:])
        growth = f"{warm / 1e6:.1f} MB at first, {last / 1e6:.1f} MB at the end"
        print(f"  {name}: {growth}, {len(readings)} readings")
        if last > warm * GROWTH:
            wrong.append(f"{name} grew: {growth}")
    return wrong


def _resident(replica: Replica) -> int | None:
    """Bytes of memory of the process, None where it is gone."""
    if replica.process is None or replica.died():
        return None
    status = Path(f"/proc/{replica.process.pid}/status").read_text()
    fields: dict[str, Any] = dict(
        line.split(":", 1) for line in status.splitlines() if ":" in line
    )
    return int(fields["VmRSS"].split()[0]) * 1024


def _progress(world: World, heard: _Heard, wrong: list[str], ends: float) -> None:
    left = max(0.0, ends - time.monotonic())
    text = f"{world.rounds} faults, {heard.accepted} accepted, {len(wrong)} wrong"
    print(f"\r  {text}, {left / 60:.1f} min left  ", end="", flush=True)
