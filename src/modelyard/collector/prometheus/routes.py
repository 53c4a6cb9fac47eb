"""``GET /metrics``."""

import asyncio
import gzip
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from modelyard.collector.intake import WORKSPACE_HEADER
from modelyard.collector.measures import Measure
from modelyard.collector.prometheus.families import REFUSED, SAMPLED, Family, family
from modelyard.collector.prometheus.meters import Meters, version_labels
from modelyard.collector.prometheus.series import Labels
from modelyard.collector.prometheus.text import CLASSIC, OPENMETRICS, render
from modelyard.collector.web import HttpAnswer, HttpRequest, Route
from modelyard.domain.errors import Unauthenticated

_WORTH_PACKING = 4096


def routes(
    meters: Meters, latest: Callable[[], Iterable[Measure]], *, open_to_all: bool
) -> Sequence[Route]:
    """
    The page. ``latest`` are the measures of the last look, and what else there is to tell.

    ``open_to_all`` asks for no token: right where only this machine can reach the gateway.
    """
    page = Page(meters, latest, open_to_all)
    return [Route("GET", "/metrics", page.handle), Route("HEAD", "/metrics", page.handle)]


class Page:
    """Answers scrapes; a scrape costs no front and no worker anything."""

    def __init__(
        self, meters: Meters, latest: Callable[[], Iterable[Measure]], open_to_all: bool
    ) -> None:
        self._meters = meters
        self._latest = latest
        self._open = open_to_all

    async def handle(self, request: HttpRequest) -> HttpAnswer:
        """The page in the format that is asked for. Raises Unauthenticated."""
        if not self._open and WORKSPACE_HEADER not in request.headers:
            raise Unauthenticated(
                "/metrics needs the API token: 'Authorization: Bearer …' "
                "('authorization' in Prometheus's scrape configuration)."
            )
        # beside the loop: thousands of series take a tenth of a second
        return await asyncio.to_thread(self._page, request)

    def _page(self, request: HttpRequest) -> HttpAnswer:
        openmetrics = _wants_openmetrics(request.headers.get("accept", ""))
        sampled = _sampled(self._latest())
        with self._meters.lock:
            found = _only(request.workspace, [*self._counted(), *sampled])
            body = render(found, openmetrics=openmetrics).encode()
        headers = {"content-type": OPENMETRICS if openmetrics else CLASSIC}
        if "gzip" in request.headers.get("accept-encoding", "") and len(body) > _WORTH_PACKING:
            body, headers["content-encoding"] = gzip.compress(body, 1), "gzip"
        return HttpAnswer(200, headers, body)

    def _counted(self) -> list[tuple[Family, list[tuple[Labels, Any]]]]:
        counted = [(f, list(kept.series.items())) for f, kept in self._meters.families]
        refused: list[tuple[Labels, Any]] = [
            ((("family", f.name),), float(kept.refused))
            for f, kept in self._meters.families
            if kept.refused
        ]
        return [*counted, (REFUSED, refused)]


def _sampled(measures: Iterable[Measure]) -> list[tuple[Family, list[tuple[Labels, Any]]]]:
    """Measures by family; one without a family of its own is told without words."""
    found: dict[Family, dict[Labels, float]] = {}
    for m in measures:
        known = SAMPLED.get(m.counter)
        if known is None:
            known = family(m.counter, m.unit, "counter" if m.sums else "gauge")
        found.setdefault(known, {})[_labels(m)] = m.value
    return [(known, list(points.items())) for known, points in found.items()]


def _labels(m: Measure) -> Labels:
    who = version_labels(m.origin.workspace, m.origin.service, m.origin.version)
    revision = (("service_revision", str(m.origin.revision)),) if m.origin.revision else ()
    more = [(name.replace(".", "_"), value) for name, value in m.attributes.items()]
    if m.instance and "hw.id" not in m.attributes:
        more.append(("device", m.instance))
    return (*who, *revision, *more)


def _only(
    workspace: str | None, families: list[tuple[Family, list[tuple[Labels, Any]]]]
) -> list[tuple[Family, list[tuple[Labels, Any]]]]:
    """What the holder of a token of one workspace may see."""
    if workspace is None:
        return families
    own = ("service_namespace", workspace)
    return [(f, [point for point in points if own in point[0]]) for f, points in families]


def _wants_openmetrics(accept: str) -> bool:
    for part in accept.split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        if kind.lower() == "application/openmetrics-text":
            return "q=0" not in parameters
    return False
