"""A rollout as people see it: step, share, evidence, reasons. Pure."""

from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from modelyard.wire.rollouts import Finding, Rollout

GOOD = ("running", "proposed", "promoted")
"""States that are no failure; the other ends leave the candidate without all traffic."""

ENDS = ("promoted", "rolled back", "kept", "stopped")
_COLOURS = {"promoted": "green", "rolled back": "red", "kept": "yellow", "stopped": "yellow"}
_MEANS = {
    "proposed": "better, as far as can be told: promote it, or roll it back",
    "promoted": "the candidate has all traffic",
    "rolled back": "traffic is as it was before",
    "kept": "not proven better: traffic is as it was before",
    "stopped": "traffic stays as it was when it was stopped",
}
_BAR = 24


def view(rollout: Rollout, now: datetime) -> RenderableType:
    """All of it."""
    parts: list[RenderableType] = [_head(rollout, now), Text(), _findings(rollout)]
    lines = [f"  {reason}" for reason in rollout.reasons]
    if rollout.waiting_for:
        lines.append(f"  {rollout.waiting_for}")
    if lines:
        parts += [Text(), Text("\n".join(lines))]
    if rollout.history:
        parts += [Text(), _history(rollout)]
    return Group(*parts)


def line(rollout: Rollout) -> str:
    """The same in one line, for where nothing can be drawn anew."""
    units = " / ".join(map(str, rollout.units))
    told = f" {rollout.decision}" if rollout.decision else ""
    return (
        f"{rollout.state}: {_step(rollout)}, {rollout.candidate} {rollout.share:g} %, "
        f"{units} {rollout.unit}s,{told or ' no evidence yet'}"
    )


def _head(rollout: Rollout, now: datetime) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    since = f", for {_span(now, rollout.since)}" if rollout.since and _runs(rollout) else ""
    filled = round(_BAR * rollout.share / 100)
    control, candidate = (*rollout.units, 0, 0)[:2]
    state = Text(rollout.state, style=_COLOURS.get(rollout.state, ""))
    if rollout.state in _MEANS:
        state.append(f"  {_MEANS[rollout.state]}", style="")
    table.add_row("rollout", f"{rollout.service}  {rollout.id}")
    table.add_row("state", state)
    table.add_row("step", f"{_step(rollout)}{since}")
    table.add_row(
        "share", f"{rollout.candidate} {'█' * filled}{'░' * (_BAR - filled)} {rollout.share:g} %"
    )
    table.add_row(
        f"{rollout.unit}s", f"{rollout.control} {control:,}, {rollout.candidate} {candidate:,}"
    )
    if rollout.decision:
        table.add_row("evidence", rollout.decision)
    return table


def _findings(rollout: Rollout) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    titles = ("METRIC", "ROLE", rollout.control.upper(), rollout.candidate.upper(), "EFFECT",
              "INTERVAL", "EVIDENCE")  # fmt: skip
    for title in titles:
        right = title in {rollout.control.upper(), rollout.candidate.upper(), "EFFECT"}
        table.add_column(title, justify="right" if right else "left", overflow="fold")
    for finding in rollout.findings:
        table.add_row(*_row(finding))
    return table


def _row(finding: Finding) -> tuple[str, ...]:
    between = ""
    if finding.low is not None or finding.high is not None:
        between = f"{_number(finding.low, '-∞')} … {_number(finding.high, '∞')}"
    told = finding.state or finding.text
    return (
        finding.name,
        finding.role,
        _number(finding.control),
        _number(finding.candidate),
        _signed(finding.effect),
        between,
        told,
    )


def _history(rollout: Rollout) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for step in rollout.history:
        time = step.time.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(time, step.what, f"{step.share:g} %", step.why)
    return table


def _step(rollout: Rollout) -> str:
    steps = " → ".join(f"{share:g}" for share in rollout.steps)
    if rollout.step < 0:
        return f"before the first of {len(rollout.steps)} steps ({steps} %)"
    return f"{rollout.step + 1} of {len(rollout.steps)} ({steps} %)"


def _runs(rollout: Rollout) -> bool:
    return rollout.state not in ENDS


def _span(now: datetime, since: datetime) -> str:
    seconds = max(0, round((now - since).total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _number(value: float | None, missing: str = "") -> str:
    return missing if value is None else f"{value:.4g}"


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.4g}"
