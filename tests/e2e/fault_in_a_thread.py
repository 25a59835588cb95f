"""`responder serve` in which one thread fails: python -m tests.e2e.fault_in_a_thread
THREAD FUNCTION serve ...

The fault comes when the thread next enters the function; in the loops of SERVING once
this process gets SIGUSR1, in others at their start.
"""

import signal
import sys
import threading
from types import FrameType

from responder.cli.main import main

SERVING = {"http", "responder-store", "worker", "leases"}


class Fault(BaseException):
    """Nothing that a loop is made to survive."""


def serve_until_it_fails(thread: str, function: str, *command: str) -> int:
    armed = threading.Event()
    if thread in SERVING:
        signal.signal(signal.SIGUSR1, lambda *_: armed.set())
    else:
        armed.set()

    def fail(frame: FrameType, _event: str, _detail: object) -> None:
        if threading.current_thread().name != thread:
            sys.settrace(None)
        elif armed.is_set() and frame.f_code.co_name == function:
            raise Fault("injected")

    threading.settrace(fail)
    return main(list(command))


if __name__ == "__main__":
    sys.exit(serve_until_it_fails(*sys.argv[1:]))
