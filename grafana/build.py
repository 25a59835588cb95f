"""Writes what is generated in this folder: `make kit`.

What `responder connect` takes with it is written into the package as well, because
the dashboards' library is only there where Responder is developed.
"""

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.dashboards.on_call import on_call
from grafana.dashboards.service import service

ROOT = Path(__file__).parent.parent
FOLDERS = ("grafana/dashboards", "responder/grafana/dashboards")


def kit() -> dict[str, str]:
    """Every generated file by its path in the repository, with its text."""
    boards = {"on-call": on_call().build(), "service": service().build()}
    texts = {
        name: json.dumps(board, cls=JSONEncoder, sort_keys=True, indent=2) + "\n"
        for name, board in boards.items()
    }
    return {
        f"{folder}/{name}.json": text
        for folder in FOLDERS
        for name, text in texts.items()
    }


if __name__ == "__main__":
    for path, text in kit().items():
        (ROOT / path).write_text(text, "utf-8")
