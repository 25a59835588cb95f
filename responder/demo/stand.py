"""The simulated factory and the simulated shop as programs of their own.

For a stand with a real Grafana and Loki between them: `grafana/compose.yaml`.
"""

import threading
from collections.abc import Callable

from responder.demo.factory import SimulatedFactory
from responder.demo.shop import SimulatedShop

ORDER_EVERY = 2.0


def serve_factory(
    listen: str,
    port: int,
    vendor_key: str,
    stopped: threading.Event,
    say: Callable[[str], None],
) -> None:
    """Serve until `stopped`. Raises OSError when the port is taken."""
    factory = SimulatedFactory(api_key=vendor_key, delay=32, listen=listen, port=port)
    with factory:
        say(f"Simulated factory on {factory.url}; it fails once it is told to:")
        say(f"  curl -X PUT -H 'Authorization: Bearer KEY' {factory.url}{_CHAOS}")
        stopped.wait()


def keep_shop(
    factory_url: str,
    push_url: str,
    vendor_key: str,
    stopped: threading.Event,
    say: Callable[[str], None],
    *,
    every: float = ORDER_EVERY,
) -> None:
    """Order every `every` seconds and push the log lines, until `stopped`."""
    shop = SimulatedShop(factory_url, push_url=push_url, vendor_key=vendor_key)
    say(f"Simulated shop: an order every {every:g} s at {factory_url}")
    shop.run(every, stopped)


_CHAOS = "/api/vendor/chaos/fail"
