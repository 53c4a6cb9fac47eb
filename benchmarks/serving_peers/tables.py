"""Results as Markdown: pure."""

from collections.abc import Iterable, Sequence

from benchmarks.serving_peers.base import Peer
from benchmarks.serving_peers.goals import Goal
from benchmarks.serving_peers.plan import LOOP, Plan
from benchmarks.serving_peers.results import Case, Ratio, Results, median

MB = 2**20
REFERENCE = "ours"
"""The ratio to each peer is that of this mode."""

TITLES = {
    "linear": "Linear model, 10 features",
    "forest": "Random forest, 100 trees",
    "onnx": "ONNX network, 10-64-64-1",
    "sleeper": "A model that sleeps 50 ms",
}


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    line = "| --- |" + " ---: |" * (len(header) - 1)
    return "\n".join(["| " + " | ".join(cells) + " |" for cells in [header]] + [line]
                     + ["| " + " | ".join(cells) + " |" for cells in rows])  # fmt: skip


def page(plan: Plan, results: Results) -> str:
    """All tables of all models."""
    return "\n\n".join(part for kind in plan.kinds for part in model(plan, results, kind))


def model(plan: Plan, results: Results, kind: str) -> list[str]:
    """A model's heading, what its servers cost, and a table for each size of body measured."""
    if not any(w.kind == kind and (w.ready or w.problem) for w in results.weights):
        return [f"### {TITLES[kind]}", "Not measured."]
    found = [f"### {TITLES[kind]}", costs(plan, results, kind)]
    for rows in plan.rows:
        if any(sample.case[:2] == (kind, rows) for sample in results.samples):
            found.append(f"{rows:,} row{'s' if rows > 1 else ''} in a body:")
            found.append(speeds(plan, results, kind, rows))
    return found


def costs(plan: Plan, results: Results, kind: str) -> str:
    """Memory, time to ready, packages, and processor time for a request (rows by connections)."""
    rows = []
    case = Case(kind, min(plan.rows), plan.middle)
    for peer in plan.for_kind(kind):
        weight = results.weight(peer.key, kind)
        if weight.problem:
            rows.append([name(peer), f"did not run: {short(weight.problem)}", "", "", ""])
            continue
        ready = median(weight.ready)
        if ready is None:  # not begun
            continue
        rows.append([
            name(peer), f"{weight.memory / MB:,.0f}" if weight.memory else "", f"{ready:.2f}",
            str(weight.packages), milliseconds(s.processor for s in results.of(peer.key, case)),
        ])  # fmt: skip
    spent = f"processor, ms ({case.rows} by {case.connections})"
    return table(["server", "peak memory, MB", "ready, s", "packages added", spent], rows)


def speeds(plan: Plan, results: Results, kind: str, rows: int) -> str:
    """Rate, waiting and ratio for each number of connections that was measured."""
    header = ["server"]
    cases = {sample.case for sample in results.samples}
    counts = [count for count in plan.connections if Case(kind, rows, count) in cases]
    for count in counts:
        header += [f"{count} conn., req/s", "p50, ms", "p99, ms", "ours is so many times (spread)"]
    lines = []
    for key, title in titles(plan, kind):
        cells = [title]
        for count in counts:
            cells += speed(results, key, Case(kind, rows, count))
        if any(cells[1:]):
            lines.append(cells)
    return table(header, lines)


def titles(plan: Plan, kind: str) -> list[tuple[str, str]]:
    """Keys and names of all lines, the loop last."""
    found = [(peer.key, name(peer)) for peer in plan.for_kind(kind)]
    return [*found, (LOOP, "floor: the model in a loop")] if plan.loop else found


def speed(results: Results, key: str, case: Case) -> list[str]:
    """The four cells of a server in a case; empty where it was not measured."""
    samples = results.of(key, case)
    if not samples:
        return ["", "", "", ""]
    failed = sum(sum(sample.failed.values()) for sample in samples)
    rate = number(median(s.rate for s in samples) or 0.0)
    return [
        f"{rate} ({failed} failed)" if failed else rate,
        f"{median(s.p50 for s in samples):.2f}",
        f"{median(s.p99 for s in samples):.2f}",
        "" if key == REFERENCE else times(results.ratio(REFERENCE, key, case)),
    ]


def milliseconds(values: Iterable[float]) -> str:
    """Their median; '' for none."""
    middle = median(values)
    return "" if middle is None else f"{middle:.3f}"


def name(peer: Peer) -> str:
    """Ours stand out."""
    return f"**{peer.title}**" if peer.ours else peer.title


def number(value: float) -> str:
    """A rate: fractions only where it is small."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def times(ratio: Ratio | None) -> str:
    """'4.1 (3.9-4.4)'."""
    return "" if ratio is None else f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"


def short(text: str) -> str:
    """A problem on one line of a table."""
    line = " ".join(text.split()).replace("|", "/")
    return line if len(line) <= 160 else line[:60] + " … " + line[-95:]


def goal_list(goals: Sequence[Goal]) -> str:
    """What must hold."""
    rows = []
    for goal in goals:
        sign = "≤" if goal.most else "≥"
        rows.append([
            goal.text, f"{sign} {goal.target:g} {goal.unit}", times(goal.found), goal.against,
            f"**{goal.verdict}**" if goal.verdict != "met" else "met",
        ])  # fmt: skip
    return table(["goal", "target", "found (spread)", "against", ""], rows)
