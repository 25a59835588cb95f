"""Fixtures of `responder.testing`, which pytest finds by itself once it is installed.

Nothing heavy is imported here: whoever has it installed pays only for what is used.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from responder.demo.factory import SimulatedFactory
    from responder.testing import Loki, Replayed, Running


@pytest.fixture
def simulated_factory() -> Iterator["SimulatedFactory"]:
    """A Pizza Factory on a socket: `start_chaos`, `report_link`, `effective_calls`."""
    from responder.demo.factory import SimulatedFactory

    with SimulatedFactory(delay=0.1) as factory:
        yield factory


@pytest.fixture
def simulated_loki() -> Iterator["Loki"]:
    """A Loki on a socket: `add` puts a line in, loggers push to `push_url`."""
    from responder.testing import Loki

    with Loki() as loki:
        yield loki


@pytest.fixture
def running_responder(
    tmp_path: Path, simulated_factory: "SimulatedFactory", simulated_loki: "Loki"
) -> Iterator[Callable[..., "Running"]]:
    """Starts Responder on a socket, beside the factory and the Loki of this test.

    Call it with a configuration's file, or without for the built-in one.
    """
    from responder.testing import running, settings_from

    with ExitStack() as stack:

        def start(configuration: str | Path | None = None) -> "Running":
            service = running(
                tmp_path,
                settings_from(configuration),
                factory_url=simulated_factory.url,
                loki_url=simulated_loki.url,
            )
            return stack.enter_context(service)

        yield start


@pytest.fixture
def replay_cassette() -> Callable[..., "Replayed"]:
    """`replay_cassette(cassette, configuration)`: it must come out as it expects."""
    from responder.testing import replay

    return replay
