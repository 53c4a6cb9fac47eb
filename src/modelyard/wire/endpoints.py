"""Versions behind one address: made, changed, traffic, what was changed, tokens."""

from datetime import datetime
from typing import Any

from modelyard.wire.base import Request, Why, Wire
from modelyard.wire.contents import Content, Limits, LocalModel, ServingOptions
from modelyard.wire.environments import EnvironmentDefinition


class VersionRequest(Request):
    """
    Makes a version of a service.

    Parts of ``content`` that are None or '' are the default version's: a version may differ by its
    models alone; without ``inherit`` they are the server's defaults. ``traffic`` is its share in
    percent from when it is ready; None gives it none. ``strategy`` '' or 'blue-green': it takes
    all traffic and becomes the default by itself as soon as it is ready; those before it go on
    running for ``keep_warm`` seconds, so that a rollback is at once. ``is_control`` marks what
    others are compared with. ``overwrite``: a version of that name gets a new revision.
    """

    name: str
    content: Content | None = None
    models: list[str] | None = None
    local_models: list[LocalModel] | None = None
    traffic: float | None = None
    is_default: bool = False
    is_control: bool = False
    strategy: str = ""
    keep_warm: float = 3600.0
    description: str = ""
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    configuration: dict[str, Any] = {}
    overwrite: bool = False
    inherit: bool = True


class VersionChange(Request):
    """Changes what is not None; a changed content makes a new revision of the version."""

    traffic: float | None = None
    is_default: bool | None = None
    is_control: bool | None = None
    enabled: bool | None = None
    description: str | None = None
    tags: dict[str, str] | None = None
    remove_tags: list[str] | None = None
    properties: dict[str, str] | None = None
    configuration: dict[str, Any] | None = None
    content: Content | None = None
    models: list[str] | None = None
    local_models: list[LocalModel] | None = None
    source: str | None = None
    source_name: str | None = None
    entry_script: str | None = None
    environment: EnvironmentDefinition | None = None
    variables: dict[str, str] | None = None
    limits: Limits | None = None
    serving: ServingOptions | None = None


class TrafficChange(Request):
    """
    Changes what is not None, all at once.

    ``shares``: percent by version. They replace all that were given; what is left goes to the
    default version. All zero, or none at all, closes the service: 404 but for the header.
    ``exact`` refuses shares that are not 0 or 100 together. ``sticky`` and ``shadows`` as in
    ``Traffic``.
    """

    shares: dict[str, float] | None = None
    default: str | None = None
    sticky: str | None = None
    shadows: dict[str, float] | None = None
    exact: bool = False
    why: Why = ""


class Rollback(Request):
    """Goes back to the split before the last change of traffic; ``why`` is kept."""

    why: Why = ""


class Event(Wire):
    """One change: ``before`` and ``after`` hold what changed."""

    number: int
    time: datetime
    who: str
    what: str
    service: str
    version: str = ""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    why: str = ""


class AccessToken(Wire):
    """
    A token that opens one service until ``expiry_on``; ask for another from ``refresh_after``.
    """

    access_token: str
    refresh_after: datetime
    expiry_on: datetime
    token_type: str = "Bearer"  # noqa: S105 - a word of the protocol


class ShadowDifference(Wire):
    """One of the worst examples: the request, and where the answers differ."""

    request_id: str
    time: datetime
    difference: float | None
    path: str = ""
    served: str = ""
    shadow: str = ""
    served_status: int = 0
    shadow_status: int = 0
    served_ms: float = 0.0
    shadow_ms: float = 0.0


class ShadowReport(Wire):
    """
    What a shadow answered, beside what callers got.

    ``equal`` counts answers that are the same (numbers within ``tolerance``, relative);
    ``differences`` are quantiles of the largest relative difference of an answer's numbers, of
    answers that do not differ otherwise. Latencies in milliseconds by quantile, all in all and
    (``_run``) in run() alone: callers may have waited for a worker, copies seldom do. Errors are
    statuses from 500 on and failures of run(). ``missed`` copies came to nothing, ``missed_by``
    tells why. ``worst`` are the worst examples, a few of each place in the answers.
    """

    version: str
    since: datetime
    until: datetime
    compared: int
    equal: int
    equal_share: float | None
    tolerance: float
    differences: dict[str, float] = {}
    served_latency: dict[str, float] = {}
    shadow_latency: dict[str, float] = {}
    served_errors: int = 0
    shadow_errors: int = 0
    served_run: dict[str, float] = {}
    shadow_run: dict[str, float] = {}
    missed: int = 0
    missed_by: dict[str, int] = {}
    worst: list[ShadowDifference] = []
