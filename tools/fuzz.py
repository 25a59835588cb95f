"""Look for tests that chance can break: `make fuzz`.

One number decides all that is random in a round: the order of the tests, Hypothesis's
examples and PYTHONHASHSEED. Each round is a pytest of its own with this module as a
plugin, so the same number repeats it exactly.
"""

import argparse
import ast
import inspect
import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

EXAMPLES = """examples:
  make fuzz                                  for ten minutes
  make fuzz ARGS='--minutes 20'              for twenty
  make fuzz ARGS='tests/adapters/test_lines.py'  these tests only
  make fuzz ARGS='--seed 7 --part others'    repeats one round
"""
COMMAND = ".venv/bin/python -m tools.fuzz"
# Each part is what pytest's -m selects.
PARTS = {"properties": "hypothesis", "others": "not hypothesis"}
OTHERS_SHARE = 1 / 3
GRACE_SECONDS = 30.0
REPEATED_SECONDS = 24 * 3600
EMPTY = 5


@dataclass
class Outcome:
    """What came of one round; written and read as JSON."""

    tests: int = 0
    examples: int = 0
    # What to print for each test that failed, by its id.
    failures: dict[str, str] = field(default_factory=dict)
    # The test that was under way when the time was up, if its end was not awaited.
    cut: str = ""


# The plugin: what runs inside each round's pytest.


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shuffle", type=int, required=True)
    parser.addoption("--stop-at", type=float, required=True)
    parser.addoption("--outcome", type=Path, required=True)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Recorder(config), "outcome")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Shuffle the files, and the tests within each: what a file shares stays shared."""
    shuffled = random.Random(config.getoption("shuffle"))
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    order = list(files.values())
    shuffled.shuffle(order)
    for tests in order:
        shuffled.shuffle(tests)
    items[:] = [item for tests in order for item in tests]


class _Recorder:
    def __init__(self, config: pytest.Config) -> None:
        self._stop_at: float = config.getoption("stop_at")
        self._file: Path = config.getoption("outcome")
        self._outcome = Outcome()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._outcome.cut = nodeid

    def pytest_runtest_logfinish(self) -> None:
        self._outcome.cut = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[None]:
        report: pytest.TestReport = yield  # type: ignore[assignment]
        if report.when == "call":
            self._outcome.tests += 1
            self._outcome.examples += _examples_of(item)
        if report.failed and call.excinfo:
            paste = _paste(item, call.excinfo.value)
            self._outcome.failures[item.nodeid] = f"{report.longreprtext}\n\n{paste}"
        if time.time() > self._stop_at:
            item.session.shouldstop = "its time is used"
        return report  # type: ignore[return-value]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._outcome.failures[report.nodeid] = report.longreprtext

    def pytest_sessionfinish(self) -> None:
        self._file.write_text(json.dumps(asdict(self._outcome)))


def _examples_of(item: pytest.Item) -> int:
    counts = re.findall(
        r"(\d+) (?:passing|failing|invalid)", getattr(item, "hypothesis_statistics", "")
    )
    return sum(map(int, counts))


def _paste(item: pytest.Item, error: BaseException) -> str:
    """A property under the decorators that repeat its failure; else empty."""
    notes = "\n".join(_notes(error))
    decorators = [
        f"@example({arguments})"
        for call in re.findall(r"Failing [a-z ]+: \w+\((.*?)\n\)", notes, re.S)
        if (arguments := _drawn(item, call))
    ] + re.findall(r"@reproduce_failure\(.*\)", notes)
    if not decorators or not isinstance(item, pytest.Function):
        return ""
    source = inspect.getsource(inspect.unwrap(item.obj.hypothesis.inner_test))
    return "\n".join(["One of these decorators is enough:", *decorators, source])


def _notes(error: BaseException) -> Iterator[str]:
    yield from getattr(error, "__notes__", ())
    for part in getattr(error, "exceptions", ()):
        yield from _notes(part)


def _drawn(item: pytest.Item, arguments: str) -> str:
    """The arguments without pytest's, in one line; empty if they are no Python."""
    fixtures: Sequence[str] = getattr(item, "fixturenames", ())
    each = re.split(r"\n    (?=\w+=)", arguments)
    given = [one for one in each if one.split("=")[0] not in fixtures]
    try:
        call = ast.parse(f"f({''.join(given)}\n)", mode="eval").body
    except SyntaxError:
        return ""
    if not isinstance(call, ast.Call) or "data(...)" in arguments:
        return ""
    return ", ".join(map(ast.unparse, call.keywords))


# The tool: what starts the rounds.


@dataclass
class Fuzz:
    """The rounds so far, and what they found."""

    ends: float
    tests: Sequence[str]
    parts: list[str]
    rounds: int = 0
    run: int = 0
    examples: int = 0
    failed: set[str] = field(default_factory=set)
    # Up to when the rounds of other tests may go on, of all workers together.
    others_left: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def explore(self) -> None:
        """Rounds with seeds of their own until the time is used or nothing is left."""
        while time.time() < self.ends and self.parts:
            with self.lock:
                part, stop_at = self._next()
            self.round(part, random.SystemRandom().randrange(1, 2**32), stop_at)

    def _next(self) -> tuple[str, float]:
        now = time.time()
        if self.parts == ["others"]:
            return "others", self.ends
        if "others" in self.parts and self.others_left > 1:
            seconds = min(self.others_left, self.ends - now)
            self.others_left -= seconds
            return "others", now + seconds
        return "properties", self.ends

    def round(self, part: str, seed: int, stop_at: float) -> None:
        """One pytest with this seed; adds and prints what it found."""
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            file = Path(folder) / "outcome.json"
            typed = _typed(part, seed, stop_at, file, self.tests)
            print(f"{part} with seed {seed}", flush=True)
            began = time.time()
            ended = _run(typed, seed, stop_at + GRACE_SECONDS)
            unused = stop_at - time.time() if part == "others" else 0
            if file.exists():
                found = Outcome(**json.loads(file.read_text()))
            else:
                found = Outcome(failures={"the round itself": ended.stdout})
        with self.lock:
            self.others_left += max(0, unused)
            if ended.returncode == EMPTY:
                self.parts = [one for one in self.parts if one != part]
            else:
                self._add(found, part, seed, time.time() - began)

    def _add(self, found: Outcome, part: str, seed: int, seconds: float) -> None:
        self.rounds += 1
        self.run += found.tests
        self.examples += found.examples
        for test, text in found.failures.items():
            repeat = ("--seed", str(seed), "--part", part)
            if test in self.failed:
                print(f"\nFAILED again: {test}")
            else:
                print(f"\nFAILED {test}\n\n{text.strip()}\n")
                print(f"repeat the test:   {COMMAND} {shlex.join([*repeat, test])}")
            again = shlex.join([*repeat, *self.tests])
            print(f"repeat the round:  {COMMAND} {again}")
            self.failed.add(test)
        print(
            f"{part} with seed {seed}: {found.tests:,} tests, {found.examples:,} "
            f"examples, {len(found.failures)} failures, {seconds / 60:.1f} minutes"
            + (f", ended in the midst of {found.cut}" if found.cut else ""),
            flush=True,
        )


def _typed(
    part: str, seed: int, stop_at: float, outcome: Path, tests: Sequence[str]
) -> list[str]:
    return [
        *(sys.executable, "-m", "pytest", "-p", "tools.fuzz", "-m", PARTS[part]),
        *("-q", "-p", "no:cacheprovider", "--timeout=1800"),
        *("--hypothesis-profile=fuzz", f"--hypothesis-seed={seed}"),
        *(f"--shuffle={seed}", f"--stop-at={stop_at}", f"--outcome={outcome}"),
        *(f"--basetemp={outcome.parent / 'tmp'}", *tests),
    ]


def _run(
    typed: Sequence[str], seed: int, until: float
) -> subprocess.CompletedProcess[str]:
    """The pytest, pressed Ctrl-C where one test goes on for too long."""
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    with subprocess.Popen(
        typed,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            out, _ = process.communicate(timeout=max(1.0, until - time.time()))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            try:
                out, _ = process.communicate(timeout=GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                out, _ = process.communicate()
    return subprocess.CompletedProcess(typed, process.returncode, out)


def main(argv: Sequence[str] | None = None) -> int:
    """Run rounds until the time is used; 1 if any test failed."""
    asked = _parser().parse_args(argv)
    began, seconds = time.time(), asked.minutes * 60
    fuzz = Fuzz(
        ends=began + seconds,
        tests=asked.tests,
        parts=[asked.part] if asked.part else list(PARTS),
        others_left=seconds * asked.workers * OTHERS_SHARE,
    )
    if asked.seed is not None:
        for part in list(fuzz.parts):
            fuzz.round(part, asked.seed, began + REPEATED_SECONDS)
    else:
        with ThreadPoolExecutor(asked.workers) as pool:
            running = [pool.submit(fuzz.explore) for _ in range(asked.workers)]
            try:
                for one in running:
                    one.result()
            except KeyboardInterrupt:
                fuzz.ends = 0
    print(
        f"{fuzz.rounds} rounds, {fuzz.run:,} tests, {fuzz.examples:,} examples, "
        f"{(time.time() - began) / 60:.1f} minutes, {len(fuzz.failed)} failures"
    )
    return 1 if fuzz.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make fuzz",
        description="Run the tests in random order, and properties with thousands of "
        "random examples, round after round, until the time is used. Most of it goes "
        "to the properties. Exits with 1 if a test failed.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("tests", nargs="*", help="files or tests (default: all)")
    add("--minutes", type=float, default=10, help="how long (default: 10)")
    add("--workers", type=int, default=2, help="rounds at the same time (default: 2)")
    add("--part", choices=PARTS, help="only the properties, or only the others")
    add(
        "--seed",
        type=int,
        help="repeat the round of this number, however long it takes",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
