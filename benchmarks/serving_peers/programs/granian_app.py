"""The first floor: `python granian_app.py PORT`: reads, and answers the same always."""

import sys
from typing import Any

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server


class App:
    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        await proto()
        proto.response_bytes(200, [("content-type", "application/json")], b"[1.0]")


def main() -> None:
    server = Server(
        App(), address="127.0.0.1", port=int(sys.argv[1]), interface=Interfaces.RSGI,
        log_enabled=False, http=HTTPModes.http1, websockets=False,
    )  # fmt: skip
    uvloop.run(server.serve())


if __name__ == "__main__":
    main()
