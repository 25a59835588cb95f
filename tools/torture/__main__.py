"""The long runs: `make torture`, or python -m tools.torture --help for parts of it."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from tools.torture.copies import copies
from tools.torture.points import CrashPoint
from tools.torture.rounds import die_at, wrong_with
from tools.torture.soak import soak
from tools.torture.storage import postgres_storage
from tools.torture.world import World, world

EXAMPLES = """examples:
  python -m tools.torture                            everything, about an hour
  python -m tools.torture kills --rounds 2           7 places, 2 kills each
  python -m tools.torture soak --minutes 2 --storage sqlite
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for; 1 if any promise was broken."""
    arguments = _parser().parse_args(argv)
    wrong: list[str] = []
    for storage in ("sqlite", "postgresql"):
        if arguments.storage in (storage, "both"):
            wrong += _on(storage, arguments)
    print(f"{len(wrong)} promises broken")
    for broken in wrong:
        print(f"  {broken}")
    return 1 if wrong else 0


def _on(storage: str, arguments: argparse.Namespace) -> list[str]:
    wrong: list[str] = []
    asked = arguments.run
    runs: list[tuple[str, Callable[[World], list[str]]]] = [
        ("kills", lambda found: kills(found, arguments.rounds, arguments.at)),
        ("copies", copies),
        ("soak", lambda found: soak(found, arguments.minutes)),
    ]
    for name, run in runs:
        if asked in (name, "all"):
            with ExitStack() as stack:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                print(f"{name} on {storage}", flush=True)
                found = _world(stack, storage, folder)
                wrong += [f"{storage}: {broken}" for broken in run(found)]
    return wrong


def _world(stack: ExitStack, storage: str, folder: Path) -> World:
    if storage == "sqlite":
        return stack.enter_context(world(folder))
    url = stack.enter_context(postgres_storage())
    return stack.enter_context(world(folder, replicas=3, storage=url))


def kills(found: World, rounds: int, points: Sequence[CrashPoint] = ()) -> list[str]:
    """These places or all, `rounds` kills each; what went wrong."""
    wrong: list[str] = []
    for point in points or CrashPoint:
        for number in range(rounds):
            try:
                broken = wrong_with(die_at(found, point), point, found)
            except AssertionError as error:
                broken = [f"{point}, kill {number + 1}: {error}"]
            if broken:
                print("\n  " + "\n  ".join(broken), flush=True)
            wrong += broken
            _progress(f"  {point}: {number + 1} of {rounds}, {len(wrong)} wrong")
        print(flush=True)
    lost = found.rounds - len(found.alive().all_incidents())
    if lost:
        wrong.append(f"{lost} incidents are missing")
    return wrong


def _progress(text: str) -> None:
    print(f"\r{text}", end="", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.torture",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "run", nargs="?", default="all", choices=("all", "kills", "copies", "soak")
    )
    parser.add_argument("--rounds", type=int, default=20, help="kills at each place")
    parser.add_argument(
        "--at", nargs="*", type=CrashPoint, default=[], help="only at these places"
    )
    parser.add_argument("--minutes", type=float, default=20, help="of the soak")
    parser.add_argument(
        "--storage", default="both", choices=("both", "sqlite", "postgresql")
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
