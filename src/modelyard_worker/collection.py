"""
Where collected rows go: a ring of this process that the collector empties, never the front.

Nothing here waits or raises into run(): a full ring drops and counts, an error is logged once a
kind. While a request is sampled, or several are run together, its rows are held until run() has
ended: those of a failed request are kept whatever the sample says, those of a batch that is run
again one by one are forgotten.
"""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import suppress
from hashlib import blake2b
from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple
from uuid import uuid4

from modelyard_worker import collected, collected_tensors
from modelyard_worker.collected import Rows
from modelyard_worker.context import REQUEST_ID
from modelyard_worker.logs import LOG
from modelyard_worker.ring import RingWriter

RING_BYTES = 16 * 1024 * 1024
LEFT_BYTES = 512 * 1024 * 1024
"""What all rings of the folder may take before no more are made: nobody empties them then."""

_AGAIN = 60.0
"""Seconds until a ring that could not be made is tried again."""

MOST_HELD = 8 * 1024 * 1024
"""Bytes of one request that are held."""

Parts = Sequence[Tuple[str, int]]
"""Of requests run together: each one's id and number of rows."""


def kept(request_id: str, rate: float) -> bool:
    """Whether a request is in the sample: the same answer in every worker and at every time."""
    number = int.from_bytes(blake2b(request_id.encode("utf-8", "replace"), digest_size=8).digest(),
                            "big")  # fmt: skip
    return number < rate * 2.0**64


class Collecting:
    """What a worker of a service with ``collect_model_data`` writes."""

    def __init__(self, told: Mapping[str, Any], models: Sequence[Mapping[str, Any]]) -> None:
        """``told``: folder and name of the ring, the rate, and what the ring says of itself."""
        self._folder = str(told["folder"])
        self._front = str(told["front"])
        self._rate = float(told.get("rate", 1.0))
        self._about: Dict[str, Any] = dict(told.get("about") or {})
        self._models = {str(each["name"]): str(each["version"]) for each in models}
        self._lock = threading.Lock()
        self._ring: Optional[RingWriter] = None
        self._pid = 0
        self._try_at = 0.0
        self._held: Optional[List[Tuple[Dict[str, Any], Rows]]] = None
        self._held_bytes = 0
        self._parts: Optional[Parts] = None
        self._last = ("", "")
        self._said: Set[str] = set()
        self.lost = 0

    @property
    def model(self) -> Tuple[str, str]:
        """Name and version of the service's only or first model."""
        return next(iter(self._models.items()), ("default", "default"))

    def version_of(self, model: str) -> str:
        """The version of a model of this service; 'default' for any other name."""
        return self._models.get(model, "default")

    def correlation(self) -> str:
        """The id of what was collected before in this request; a new one where nothing was."""
        request = REQUEST_ID.get()
        if request and self._last[0] == request:
            return self._last[1]
        return self.correlate(str(uuid4()))

    def correlate(self, id: str) -> str:
        """From now on ``id`` is the correlation of this request."""
        self._last = (REQUEST_ID.get(), id)
        return id

    def add(self, model: Tuple[str, str], designation: str, rows: Rows, correlation: Any) -> None:
        """Hand rows over, or hold them until the request has ended."""
        request = REQUEST_ID.single()
        head: Dict[str, Any] = {
            "t": time.time(), "m": model[0], "v": model[1], "d": designation,
            "c": rows.correlations or correlation, "r": request, "p": 1.0,
        }  # fmt: skip
        held = self._held
        if held is not None:
            parts = self._parts
            if parts is not None and not request:
                head["parts"] = [list(part) for part in parts]
            self._held_bytes += len(rows.data) + 64 * rows.height
            if self._held_bytes > MOST_HELD:
                self.lost += rows.height
            else:
                held.append((head, rows))
        elif self._sampled(head, request):
            self._put(collected.record(head, rows))

    def begin(self, parts: Optional[Parts] = None) -> None:
        """run() begins; with ``parts`` for several requests."""
        self._parts = parts
        self._held_bytes = 0
        self._held = [] if parts is not None or self._rate < 1.0 else None

    def end(self, failed: bool) -> None:
        """run() has ended; of a batch that failed nothing is kept, it is run again."""
        held, self._held = self._held, None
        parts, self._parts = self._parts, None
        if not held or (failed and parts is not None):
            return
        try:
            for head, rows in held:
                if "parts" in head:
                    self._put_parts(head, rows)
                elif failed or self._sampled(head, head["r"]):
                    self._put(collected.record(head, rows))
        except Exception as error:
            self.failed(error)

    def failed(self, error: BaseException) -> None:
        """Collecting did not work: said once for each kind, and the request goes on."""
        kind = "%s: %s" % (type(error).__name__, error)
        if kind not in self._said and len(self._said) < 20:
            self._said.add(kind)
            LOG.warning("Rows could not be collected (said once): %s", kind)

    def tensors(
        self,
        designation: str,
        heads: Sequence[Sequence[Any]],
        body: Any,
        parts: Any,
        ok: bool,
        names: Optional[Sequence[str]] = None,
    ) -> None:
        """
        Of a model without a script; ``parts`` are the requests that were run together, ``names``
        those of the columns where the only tensor has as many.
        """
        try:
            rows = collected_tensors.tensors(heads, body)
            request = REQUEST_ID.get()
            head: Dict[str, Any] = {
                "t": time.time(), "m": self.model[0], "v": self.model[1], "d": designation,
                "c": request, "r": request, "p": 1.0,
            }  # fmt: skip
            if names:
                head["names"] = names
            if parts:
                head["parts"] = parts
                self._put_parts(head, rows)
            elif not ok or self._sampled(head, request):
                self._put(collected.record(head, rows))
        except Exception as error:
            self.failed(error)

    def _put_parts(self, head: Dict[str, Any], rows: Rows) -> None:
        """Of requests run together; where some are not in the sample the head says which are."""
        if self._rate < 1.0:
            head["keep"] = [int(kept(id, self._rate)) for id, _ in head["parts"]]
            head["p"] = self._rate
            if not any(head["keep"]):
                return
        self._put(collected.record(head, rows))

    def _sampled(self, head: Dict[str, Any], request: str) -> bool:
        if self._rate >= 1.0:
            return True
        head["p"] = self._rate
        return kept(request or str(head["c"]), self._rate)

    def _put(self, record: bytes) -> None:
        if self._pid != os.getpid():  # a child that the script forked has a ring of its own
            self._lock, self._ring, self._pid, self._try_at = (
                threading.Lock(),
                None,
                os.getpid(),
                0,
            )
        with self._lock:
            ring = self._ring or self._made()
            if ring is None or not ring.put(record):
                self.lost += 1

    def _made(self) -> Optional[RingWriter]:
        now = time.monotonic()
        if self._try_at > now:
            return None
        self._try_at = now + _AGAIN
        try:
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
            if _size_of(self._folder) > LEFT_BYTES:
                raise OSError("%s is full: the collector does not run" % self._folder)
            about = json.dumps({**self._about, "pid": os.getpid()}).encode("ascii")
            path = os.path.join(
                self._folder, "%s-%d.%s.data.ring" % (self._front, os.getpid(), uuid4().hex[:6])
            )
            self._ring = RingWriter.create(path, RING_BYTES, about)
        except (OSError, ValueError) as error:
            self.failed(error)
        return self._ring


def _size_of(folder: str) -> int:
    total = 0
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):
            total += entry.stat().st_blocks * 512
    return total
