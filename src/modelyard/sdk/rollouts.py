"""Rollouts: traffic moved to a new version of an endpoint step by step, on evidence."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event

from modelyard.sdk.client import Client
from modelyard.sdk.client import path as path_of
from modelyard.sdk.errors import WebserviceException, raised_as
from modelyard.sdk.service_facts import ServiceFacts
from modelyard.wire import rollouts as wire

_POLL_FIRST, _POLL_LAST = 0.2, 1.0
_OPEN = "running"


@dataclass(frozen=True)
class Metric:
    """
    What two versions are compared by: ``Metric("sales", "rate")``.

    ``name`` is an outcome that ``service.feedback(request_id, name, value)`` brings, or one of
    'error_rate' (requests that failed), 'unavailable_rate' (answers 503) and 'latency'
    (milliseconds), or with ``source="metric"`` a value that the scoring script records itself.

    ``kind``: 'rate' of yes/no values, 'mean' of numbers (outcomes, unless said), 'bounded' for
    means between ``low`` and ``high``, 'quantile' (the ``quantile``, 0.95 unless said, of values
    from 0 up). ``better``: 'higher' or 'lower'; lower for the three known names, else higher.

    ``margin``: as a guardrail the worst loss that is put up with, as a metric the least gain worth
    having. It is in the value's own unit (0.01 of a rate is one point), with ``relative=True`` a
    share of the control's value, which is what the margin of a latency is unless said otherwise.
    A guardrail's is 0.01 for the two rates, 25 % for latencies and 10 % for all others unless
    said.
    """

    name: str
    kind: str = ""
    better: str = ""
    margin: float | None = None
    relative: bool | None = None
    quantile: float | None = None
    low: float = 0.0
    high: float = 1.0
    source: str = ""


class Rollout:
    """One rollout of an endpoint; its attributes are those of the last look at the server."""

    def __init__(self, client: Client, facts: wire.Rollout) -> None:
        self._client = client
        self._facts = facts

    # --- what is known

    @property
    def id(self) -> str:
        """Names it in the API and in events."""
        return self._facts.id

    @property
    def candidate(self) -> str:
        """The version that gets more and more traffic."""
        return self._facts.candidate

    @property
    def control(self) -> str:
        """The version that it is compared with."""
        return self._facts.control

    @property
    def state(self) -> str:
        """'running', 'proposed', 'promoted', 'rolled back', 'kept' or 'stopped'."""
        return self._facts.state

    @property
    def share(self) -> float:
        """What the candidate has of the traffic, in percent."""
        return self._facts.share

    @property
    def decision(self) -> str:
        """What the evidence says: 'promote', 'keep', 'undecided' or 'breach'; '' before a look."""
        return self._facts.decision

    @property
    def reasons(self) -> list[str]:
        """Why it is where it is, in sentences with numbers."""
        return [*self._facts.reasons]

    @property
    def findings(self) -> list[wire.Finding]:
        """
        Each metric: ``name``, ``role``, the values of ``control`` and ``candidate``, ``effect``
        with its confidence sequence ``low`` to ``high``, ``state`` ('breached', 'holds', 'better',
        'worse', 'open') and ``text``.
        """
        return [*self._facts.findings]

    @property
    def history(self) -> list[wire.RolloutStep]:
        """What happened: ``time``, ``what``, ``share``, ``why``; the oldest first."""
        return [*self._facts.history]

    def status(self) -> wire.Rollout:
        """Everything about it, read anew; ``print(rollout)`` shows the same as text."""
        with raised_as(WebserviceException):
            self._facts = self._client.get(self._path, wire.Rollout)
        return self._facts

    # --- waiting and deciding

    def wait(self, show_output: bool = False, timeout_sec: float | None = None) -> str:
        """
        Wait until it has ended or waits for a person; the state.

        Raises ``WebserviceException`` after ``timeout_sec`` seconds; the rollout goes on.
        """
        deadline = None if timeout_sec is None else time.monotonic() + timeout_sec
        screen, pause = _Screen(show=show_output), _POLL_FIRST
        screen.show_news(self.status())
        while self._facts.state == _OPEN:
            if deadline is not None and time.monotonic() > deadline:
                raise WebserviceException(
                    f"The rollout of {self.candidate!r} has not ended after {timeout_sec:g} s. "
                    f"It waits for {self._facts.waiting_for}. It goes on; wait again, or look at "
                    "status()."
                )
            Event().wait(pause)
            pause = min(pause * 1.3, _POLL_LAST)
            screen.show_news(self.status())
        return self._facts.state

    def promote(self, why: str = "") -> str:
        """Give the candidate all traffic now and make it the default version; the state."""
        return self._decide("promote", why)

    def rollback(self, why: str = "") -> str:
        """End it with the traffic from before it began; the state."""
        return self._decide("rollback", why)

    def stop(self, why: str = "") -> str:
        """End it and leave traffic as it is; the state."""
        return self._decide("stop", why)

    def _decide(self, what: str, why: str) -> str:
        with raised_as(WebserviceException):
            said = wire.RolloutDecision(why=why)
            self._facts = self._client.send("POST", f"{self._path}/{what}", said, wire.Rollout)
        return self._facts.state

    @property
    def _path(self) -> str:
        facts = self._facts
        return path_of(
            "workspaces", facts.workspace, "services", facts.service, "rollouts", facts.id
        )

    def __repr__(self) -> str:
        return f"Rollout(id={self.id!r}, candidate={self.candidate!r}, state={self.state!r})"

    def __str__(self) -> str:
        return "\n".join(lines(self._facts))


class RolloutCalls(ServiceFacts):
    """The part of an endpoint that is about rollouts."""

    def rollout(
        self,
        candidate: str,
        steps: Sequence[float] = (1, 5, 25, 50, 100),
        metric: Metric | str | None = None,
        guardrails: Sequence[Metric | str] | None = None,
        *,
        control: str = "",
        promote: str = "propose",
        step_seconds: float = 60.0,
        step_users: int = 100,
        alpha: float = 0.05,
        max_seconds: float | None = None,
        prove_guardrails: bool = True,
    ) -> Rollout:
        """
        Move traffic to version ``candidate`` step by step, as long as no guardrail is breached.

        The server does it, also when this process ends. Each of the ``steps`` (percent, growing)
        lasts ``step_seconds`` and ``step_users`` users (requests, where users are not sticky) of
        each version at least. ``metric``: what the candidate must be proven better in; None: the
        guardrails alone decide. ``guardrails`` None are error rate, 95th percentile of the latency
        and share of 503s; a breach rolls back at once. ``control``: the version to compare with,
        the default one unless said.

        ``promote``: 'propose' waits for ``promote()`` before the candidate gets everything,
        'automatic' does it on proof. ``max_seconds``: after so long without proof traffic goes
        back. ``alpha``: the chance of a wrong decision that is accepted.
        ``prove_guardrails=False``: a promotion needs no proof that margins are kept, only that
        none is breached.

        Raises ``WebserviceException``.
        """
        request = wire.RolloutRequest(
            candidate=candidate,
            steps=[*steps],
            control=control,
            metric=None if metric is None else _metric(metric),
            guardrails=None if guardrails is None else [_metric(one) for one in guardrails],
            step_seconds=step_seconds,
            step_users=step_users,
            alpha=alpha,
            promote=promote,
            max_seconds=max_seconds,
            prove_guardrails=prove_guardrails,
        )
        with raised_as(WebserviceException):
            found = self._client.send("POST", f"{self._path}/rollouts", request, wire.Rollout)
        return Rollout(self._client, found)

    def rollouts(self) -> list[Rollout]:
        """All rollouts of this endpoint, the newest first."""
        with raised_as(WebserviceException):
            found = [*self._client.items(f"{self._path}/rollouts", wire.Rollout)]
        return [Rollout(self._client, facts) for facts in found]


def lines(facts: wire.Rollout) -> list[str]:
    """A rollout as text: where it stands, its steps, and what is known of each metric."""
    found = [
        f"Rollout {facts.id} of {facts.candidate!r} against {facts.control!r}: {facts.state}, "
        f"{facts.share:g} % of the traffic"
    ]
    if facts.waiting_for:
        found.append(f"  waiting for: {facts.waiting_for}")
    control, candidate = facts.units
    found.append(f"  {facts.unit}s: {control:,} of the control, {candidate:,} of the candidate")
    found += [f"  {finding.state}: {finding.text}" for finding in facts.findings]
    found += [f"  {reason}" for reason in facts.reasons]
    found += [f"  {news(entry)}" for entry in facts.history]
    return found


def news(entry: wire.RolloutStep) -> str:
    """One line of a history."""
    what = f"{entry.share:g} % of the traffic" if entry.what == "step" else entry.what
    return f"{entry.time:%H:%M:%S}  {what}" + (f": {entry.why}" if entry.why else "")


def _metric(metric: Metric | str) -> wire.Metric:
    if not isinstance(metric, Metric | str):
        raise WebserviceException(f"A metric is a Metric or its name, not {metric!r}.")
    given = Metric(metric) if isinstance(metric, str) else metric
    return wire.Metric(
        name=given.name,
        kind=given.kind,
        source=given.source,
        better=given.better,
        margin=given.margin,
        relative=given.relative,
        quantile=given.quantile,
        low=given.low,
        high=given.high,
    )


class _Screen:
    """Each entry of the history once, and what is waited for when that is new."""

    def __init__(self, *, show: bool) -> None:
        self._show = show
        self._entries = 0
        self._said = ""

    def show_news(self, facts: wire.Rollout) -> None:
        """Print what has come since the last call."""
        if not self._show:
            return
        for entry in facts.history[self._entries :]:
            print(news(entry), flush=True)
        self._entries = len(facts.history)
        reason = facts.reasons[0] if facts.state == _OPEN and facts.reasons else ""
        # the numbers of a reason change at every look, what it says seldom
        said = re.sub(r"[-+\d.,]+|less than|over a million", "", reason)
        if said and said != self._said:
            print(f"          {reason}", flush=True)
        self._said = said
