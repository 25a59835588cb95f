"""The floor of the intake: python -m tools.bench.floor PORT."""

import sys
import threading

from flask import Flask, request

from responder.server import HttpServer


def main(port: int) -> None:
    """Serve a route that reads the body and answers 202, for ever."""
    app = Flask(__name__)

    @app.post("/webhooks/grafana")
    def take() -> tuple[str, int]:
        request.get_data()
        return "{}", 202

    @app.get("/-/ready")
    def ready() -> str:
        return "ready"

    HttpServer(app, "127.0.0.1", port).start()
    threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]))
