"""`make bench`: every figure a ratio in one run, with its floor beside it."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tools.bench import growth, intake, reaction, storm

EXAMPLES = """examples:
  python -m tools.bench                      everything, about ten minutes
  python -m tools.bench intake --seconds 5
  RESPONDER_BENCH_PEER=http://127.0.0.1:9000/hook python -m tools.bench intake
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmarks asked for, print them, write them as JSON."""
    arguments = _parser().parse_args(argv)
    seconds = arguments.seconds
    runs: dict[str, Callable[[], dict[str, Any]]] = {
        "intake": lambda: intake.run(seconds),
        "hung": lambda: intake.hung(seconds * 6),
        "reaction": lambda: reaction.run(arguments.incidents),
        "growth": lambda: growth.run(seconds, max(10, arguments.incidents // 5)),
        "storm": storm.run,
    }
    found: dict[str, dict[str, Any]] = {}
    for name, run in runs.items():
        if not arguments.parts or name in arguments.parts:
            print(name, flush=True)
            found[name] = run()
    _table(found)
    arguments.json.write_text(json.dumps(found, indent=2) + "\n")
    print(f"written to {arguments.json}")
    return 0


def _table(found: dict[str, dict[str, Any]]) -> None:
    for name, figures in found.items():
        print(f"\n{name}")
        for what, value in figures.items():
            text = f"{value:.2f}" if isinstance(value, float) else str(value)
            print(f"  {what:34} {text:>12}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "parts", nargs="*", help="intake hung reaction growth storm (default: all)"
    )
    parser.add_argument("--seconds", type=float, default=10, help="of each round")
    parser.add_argument("--incidents", type=int, default=500, help="of the reaction")
    parser.add_argument("--json", type=Path, default=Path("bench.json"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
