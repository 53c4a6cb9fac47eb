"""
What processes hand to the collector, one struct a kind; encoded as msgpack arrays.

Fields are only ever added at the end, with a default: a collector reads records of older and
newer releases. Times are seconds since the epoch in UTC; durations are milliseconds.
"""

from collections.abc import Mapping

import msgspec

Dimensions = Mapping[str, str]


class About(msgspec.Struct, frozen=True):
    """
    Who writes into a ring: said once, in its head.

    ``role`` is 'front', 'control', 'job' or 'gateway'. ``instance`` names the process among those
    of its role, like a front's id. The rest is empty where it means nothing.
    """

    role: str
    instance: str
    workspace: str = ""
    service: str = ""
    version: str = ""
    revision: int = 0
    pid: int = 0


class Request(msgspec.Struct, array_like=True, tag_field="kind", tag="r", frozen=True, gc=False):
    """
    A request that a front answered.

    ``time`` is when its head had come, ``total`` until its answer was handed to the socket,
    ``queue`` until a worker was given it (-1: never was), ``run`` the user's run() (-1: not run).
    ``code`` is the error's, '' on success. ``batch`` is how many requests ran together with it, 1
    alone. ``bucket`` is the caller's of a sticky assignment, -1 without. ``failed`` says that the
    script's own failure was detected or raised. ``trace`` is W3C traceparent's value, '' without.
    ``user`` is a hash of the user of a sticky assignment, '' without. ``chosen`` says that the
    caller named the version, so that it was not shared out; ``shadow``, that it is the copy of
    another request.
    """

    time: float
    id: str
    method: str
    path: str
    status: int
    code: str = ""
    total: float = 0.0
    queue: float = -1.0
    run: float = -1.0
    batch: int = 1
    received: int = 0
    sent: int = 0
    client: str = ""
    bucket: int = -1
    failed: bool = False
    trace: str = ""
    worker: int = 0
    user: str = ""
    chosen: bool = False
    shadow: bool = False


class Log(msgspec.Struct, array_like=True, tag_field="kind", tag="l", frozen=True, gc=False):
    """
    A line. ``source`` is 'worker 1', 'front', 'control', …; ``level`` as logging names it, ''
    where nothing says; ``request`` the id of the request that was run, '' where none or unknown;
    ``stream`` 'stdout', 'stderr' or ''; ``trace`` the traceparent that the request came with.
    """

    time: float
    source: str
    message: str
    level: str = ""
    request: str = ""
    stream: str = ""
    trace: str = ""


class Failure(msgspec.Struct, array_like=True, tag_field="kind", tag="e", frozen=True, gc=False):
    """An exception: ``file`` and ``line`` of the user's code where it was raised or passed on."""

    time: float
    type: str
    message: str
    file: str = ""
    line: int = 0
    function: str = ""
    traceback: str = ""
    request: str = ""
    trace: str = ""


class Metric(msgspec.Struct, array_like=True, tag_field="kind", tag="m", frozen=True, gc=False):
    """Measurements of one name: ``total`` of ``count`` values from ``least`` to ``most``."""

    time: float
    name: str
    total: float
    count: int = 1
    least: float | None = None
    most: float | None = None
    dimensions: Dimensions = {}
    request: str = ""


class Event(msgspec.Struct, array_like=True, tag_field="kind", tag="v", frozen=True, gc=False):
    """Something that happened."""

    time: float
    name: str
    dimensions: Dimensions = {}
    measurements: Mapping[str, float] = {}
    request: str = ""


Record = Request | Log | Failure | Metric | Event
