"""
A front that listens on a port: `python -m benchmarks.serving_peers.direct SPEC PORT`.

In earnest it listens on a unix socket for the gateway; beside servers on TCP that would be unfair.
"""

import sys
from pathlib import Path

from modelyard.bootstrap import front
from modelyard.serving.http import HttpServer
from modelyard.serving.http_connection import Application
from modelyard.serving.ledger import Ledger


def main() -> int:
    port = int(sys.argv.pop())

    class OnPort(HttpServer):
        def __init__(self, app: Application, _: Path, *, ledger: Ledger | None) -> None:
            super().__init__(app, ("127.0.0.1", port), ledger=ledger)

    vars(front)["HttpServer"] = OnPort
    return front.main()


if __name__ == "__main__":
    sys.exit(main())
