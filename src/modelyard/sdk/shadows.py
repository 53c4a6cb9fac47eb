"""What a shadow answered, beside what callers got."""

from collections.abc import Iterator, Mapping, Sequence

from modelyard.sdk.client import path
from modelyard.sdk.errors import WebserviceException, raised_as
from modelyard.sdk.service_facts import ServiceFacts
from modelyard.sdk.telemetry import BASE, Moment, told
from modelyard.wire import endpoints as wire

_SHOWN = ("p50", "p95", "p99", "max")
_WIDTH = 22


class ShadowReport(wire.ShadowReport):
    """
    Print it. ``equal_share`` (0 to 1) is the share of equal answers, None without any;
    ``differences``, ``served_latency``, ``shadow_latency``, ``served_run`` and ``shadow_run`` have
    p50, p90, p95, p99 and max; ``worst`` are examples with their ``request_id``.
    """

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        if self.equal_share is None:
            yield f"Shadow {self.version}: nothing compared since {_time(self)}"
        else:
            yield (
                f"Shadow {self.version}: {self.equal:,} of {self.compared:,} answers equal "
                f"({100 * self.equal_share:.4g} %, tolerance {self.tolerance:g}) "
                f"since {_time(self)}"
            )
            yield _row("", _SHOWN)
            yield _row("numbers differ by", [f"{self.differences.get(q, 0):.3g}" for q in _SHOWN])
            yield _row("ms, callers", _numbers(self.served_latency))
            yield _row("ms, shadow", _numbers(self.shadow_latency))
            yield _row("run() ms, callers", _numbers(self.served_run))
            yield _row("run() ms, shadow", _numbers(self.shadow_run))
            yield f"errors: callers {self.served_errors:,}, shadow {self.shadow_errors:,}"
        if self.missed:
            why = ", ".join(f"{name} {count:,}" for name, count in self.missed_by.items())
            yield f"missed: {self.missed:,} ({why})"
        yield from map(_example, self.worst)


class ShadowCalls(ServiceFacts):
    """The part of an endpoint that is about its shadows."""

    def shadow_report(
        self, version: str, since: Moment = "1d", tolerance: float = 1e-6
    ) -> ShadowReport:
        """
        How the answers of a version that gets copies (``mirror_traffic``) differ from those that
        callers got: ``print`` it.

        Numbers whose relative difference is at most ``tolerance`` count as equal. Answered by the
        collector, also while the control plane is down.
        """
        target = BASE + path("services", self.workspace.name, self.name, "shadow")
        query = {"version": version, "since": told(since), "tolerance": repr(float(tolerance))}
        with raised_as(WebserviceException):
            return self._client.get(target, ShadowReport, query)


def _time(report: wire.ShadowReport) -> str:
    return report.since.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _row(name: str, values: Sequence[str]) -> str:
    return f"{name:<{_WIDTH}}" + "".join(f"{value:>10}" for value in values)


def _numbers(quantiles: Mapping[str, float]) -> list[str]:
    return [f"{quantiles[q]:.1f}" if q in quantiles else "-" for q in _SHOWN]


def _example(one: wire.ShadowDifference) -> str:
    if one.served_status != one.shadow_status:
        place = f"status {one.served_status} -> {one.shadow_status}"
        said = one.shadow or one.served
        return f"{one.request_id}  {place}  {said}".rstrip()
    size = "" if one.difference is None else f" ({one.difference:.3g})"
    return f"{one.request_id}  {one.path or 'body'}  {one.served} -> {one.shadow}{size}"
