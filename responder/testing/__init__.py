"""For other people's tests: bodies, replays, and a Responder on real sockets.

`replay` lives through a cassette, `running` starts a service, `Loki` and the demo's
factory stand beside it. `responder.pytest_fixtures` hands them to pytest.
"""

from responder.testing.bodies import alertmanager_body, grafana_body, irm_body
from responder.testing.loki import Loki
from responder.testing.replaying import Replayed, replay, settings_from
from responder.testing.running import Running, running

__all__ = [
    "Loki",
    "Replayed",
    "Running",
    "alertmanager_body",
    "grafana_body",
    "irm_body",
    "replay",
    "running",
    "settings_from",
]
