"""The dashboards that Responder brings along, as their files are."""

import json
from importlib import resources
from typing import Any

from responder.grafana.forms import PROMETHEUS_UID


def dashboards(*, datasource: str = PROMETHEUS_UID) -> dict[str, dict[str, Any]]:
    """Each dashboard by its uid, asking this Prometheus until another is chosen.

    As `POST /api/dashboards/db` takes them under the key `dashboard`.
    """
    folder = resources.files(__package__) / "dashboards"
    texts = [file.read_text("utf-8") for file in folder.iterdir()]
    boards = [json.loads(text) for text in texts]
    for board in boards:
        for variable in board["templating"]["list"]:
            if variable["type"] == "datasource" and datasource != PROMETHEUS_UID:
                variable["current"] = {"text": datasource, "value": datasource}
    return {board["uid"]: board for board in sorted(boards, key=lambda b: b["uid"])}
