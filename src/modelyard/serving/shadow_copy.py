"""A request and what it was answered, as they are kept for a shadow."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

_RUN = "x-ms-run-fn-exec-ms"
_FAILED = "x-ms-run-function-failed"
_TYPE = "content-type"


class Copy(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """
    ``fields`` are the request's headers, ``lines`` the answer's as they were sent.

    ``took`` is how long callers waited for the answer, in milliseconds; ``time`` when it was out,
    in seconds since the epoch.
    """

    id: bytes
    time: float
    method: str
    path: str
    query: str
    fields: list[tuple[bytes, bytes]]
    body: bytes
    status: int
    lines: bytes
    answer: bytes
    took: float

    def answered(self) -> "Answered":
        """What the caller got."""
        headers = {}
        for line in self.lines.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return Answered(self.status, headers, self.answer)


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Copy).decode


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer; ``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def again(self) -> bool:
        """Whether it says that the same may be asked later."""
        return "retry-after" in self.headers

    @property
    def is_json(self) -> bool:
        """Whether it says that it is."""
        return "json" in self.headers.get(_TYPE, "")

    @property
    def failed(self) -> bool:
        """Whether it is an error of the service, or of its script."""
        return self.status >= 500 or self.headers.get(_FAILED) == "True"

    @property
    def run_ms(self) -> float | None:
        """Milliseconds in run(); None where nothing says."""
        try:
            return float(self.headers[_RUN])
        except (KeyError, ValueError):
            return None
