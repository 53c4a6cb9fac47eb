"""
A front and the gateway before it: `python -m benchmarks.serving_peers.gateway SPEC PORT KEY`.

The gateway is the product's: its binary, its rendered configuration, its check of keys. This
process becomes the front, so that nothing is weighed that would not be there in earnest.
"""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from modelyard.domain.fronts import ledger_path
from modelyard.domain.routing import Backend, Route, RoutingTable
from modelyard.domain.services import Auth
from modelyard.gateway.binary import find_haproxy
from modelyard.gateway.haproxy import HaproxyGateway
from modelyard.gateway.layout import Layout
from modelyard.gateway.runtime import Unreachable


def main() -> None:
    file, port, key = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    spec = json.loads(file.read_text())
    folder = file.parent
    layout = Layout(
        host="127.0.0.1", port=port, folder=folder / "gateway", sockets=folder / "g",
        control_socket=folder / "nobody", log=folder / "gateway.log", ledgers=folder / "ledgers",
    )  # fmt: skip
    layout.sockets.mkdir(mode=0o700, exist_ok=True)
    hashed = hashlib.sha256(key.encode()).hexdigest().upper()
    route = Route(spec["workspace"], spec["service"], Auth.KEY, spec["id"], (hashed,))
    table = RoutingTable((route,), {spec["id"]: Backend(spec["id"], (spec["socket"],), 70.0)})
    gateway = HaproxyGateway(layout, find_haproxy(), start_timeout=0.1)
    gateway.prepare()
    with contextlib.suppress(Unreachable):  # nothing runs yet: written down for the start
        gateway.apply(table)
    process = gateway.process()
    with Path(process.log).open("ab") as log:
        subprocess.Popen(process.argv, cwd=process.cwd, stdout=log, stderr=log)
    ledger = ledger_path(str(folder / "ledgers"), spec["id"])
    file.write_text(json.dumps({**spec, "ledger": ledger}))
    front = [sys.executable, "-m", "modelyard.bootstrap.front", str(file)]
    os.execv(front[0], front)


if __name__ == "__main__":
    main()
