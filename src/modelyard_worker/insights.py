"""
``applicationinsights`` in a script: what it tracks reaches the server that runs the script.

Microsoft's package sends to Azure unless told otherwise, and only when told to flush. Where the
server gave an address (MODELYARD_INGEST), that is where it sends by default, by itself, with the
id of the request that run() has. A sender to which the script gave an address is left alone.
"""

from __future__ import annotations

import atexit
import os
import sys
from importlib import import_module
from importlib.abc import MetaPathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any, Optional

from modelyard_worker.context import REQUEST_ID

if TYPE_CHECKING:
    from modelyard_worker.outbox import Outbox

PACKAGE = "applicationinsights"
_SENDERS = ("SenderBase", "SynchronousSender", "AsynchronousSender")
_OUTBOX: Optional[Outbox] = None
_INLINE = False


class _Finder(MetaPathFinder):
    """Stands first; finds the package as the others do, and changes it once it is loaded."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname != PACKAGE:
            return None
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec = find(fullname, path, target) if find else None
            if spec is not None:
                self._change(spec.loader)
                return spec
        return None

    def _change(self, loader: Any) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            preset(os.environ["MODELYARD_INGEST"] + "/v2/track")

        loader.exec_module = exec_module


def install() -> None:
    """Wait for the package to be imported, where there is an address; twice is fine."""
    if not os.environ.get("MODELYARD_INGEST"):
        return
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def inline() -> None:
    """From now on no thread is started: this process is to be forked."""
    global _INLINE
    _INLINE = True


def flush(timeout: float = 1.0) -> None:
    """Send what waits; for ends that ``atexit`` does not see."""
    if _OUTBOX is not None:
        _OUTBOX.flush(timeout)


def preset(address: str) -> None:
    """Make ``address`` the default of the package's senders."""
    from modelyard_worker.outbox import Outbox  # 70 ms that others need not wait for

    global _OUTBOX
    channel: Any = import_module(PACKAGE + ".channel")
    outbox = _OUTBOX = Outbox(address)
    outbox.inline = _INLINE
    for name in _SENDERS:
        sys.modules["%s.channel.%s" % (PACKAGE, name)].DEFAULT_ENDPOINT_URL = address  # type: ignore[attr-defined]
    put, flush_channel = channel.QueueBase.put, channel.TelemetryChannel.flush

    def put_ours(self: Any, item: Any) -> None:
        if item and getattr(self.sender, "service_endpoint_uri", None) == address:
            outbox.put(_marked(item.write()))
        else:
            put(self, item)

    def flush_ours(self: Any) -> None:
        flush_channel(self)
        if getattr(self.sender, "service_endpoint_uri", None) == address:
            outbox.flush()

    channel.QueueBase.put = put_ours
    channel.TelemetryChannel.flush = flush_ours
    atexit.register(outbox.flush)


def _marked(envelope: Any) -> Any:
    """With the request that is being run, or its trace, unless the script says which."""
    request = REQUEST_ID.single()
    if not request or not isinstance(envelope, dict):
        return envelope
    tags = envelope.setdefault("tags", {})
    if "ai.operation.id" in tags:
        return envelope
    trace = REQUEST_ID.trace_of(request).split("-")
    if len(trace) >= 3:
        # others of the same trace have the same operation, so the request is named beside it
        tags.update({"ai.operation.id": trace[1], "ai.operation.parentId": trace[2]})
        base = envelope.get("data", {}).get("baseData", {})
        base.setdefault("properties", {}).setdefault("request_id", request)
    else:
        tags["ai.operation.id"] = request
    return envelope
