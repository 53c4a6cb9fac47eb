"""The page and the dashboard about metrics name exactly those that there are."""

import json
import re
from pathlib import Path
from typing import Any

from modelyard.collector.prometheus.families import ALL, CUSTOM, DURATION

OPERATE = Path(__file__).parents[2] / "docs/operate"
NAME = re.compile(r"\b(?:http|ml|process|system|hw)_[a-z0-9_]+\b")
LABELS = {
    "http_response_status_code",
    "hw_gpu_task",
    "hw_id",
    "hw_name",
    "hw_parent",
}


def samples() -> set[str]:
    """Every name that a query may use."""
    found = set()
    for family in ALL:
        if family.kind in {"histogram", "summary"}:
            found |= {f"{family.name}_sum", f"{family.name}_count"}
            found |= {f"{family.name}_bucket"} if family.kind == "histogram" else set()
        else:
            found.add(family.key)
    return found


def dashboard() -> Any:
    return json.loads((OPERATE / "grafana-modelyard.json").read_text())


def queries() -> list[str]:
    targets = [t["expr"] for p in dashboard()["panels"] for t in p.get("targets", ())]
    variables = [v["query"] for v in dashboard()["templating"]["list"] if v["type"] == "query"]
    return targets + [query["query"] for query in variables]


def test_the_dashboard_asks_only_for_metrics_that_there_are() -> None:
    named = {name for query in queries() for name in NAME.findall(query)}

    labels = {"disk_io_direction", "network_io_direction", *LABELS}
    assert len(named - labels) > 20
    assert named - labels - samples() == set()


def test_the_dashboards_queries_are_whole() -> None:
    for query in queries():
        for opening, closing in ("()", "{}", "[]"):
            assert query.count(opening) == query.count(closing), query


def test_the_dashboards_panels_lie_beside_each_other() -> None:
    places = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & places, panel["title"]
        assert at["x"] + at["w"] <= 24
        places |= cells
    ids = [panel["id"] for panel in dashboard()["panels"]]
    assert len(set(ids)) == len(ids)


def test_the_page_lists_every_metric_with_its_kind_and_its_sentence() -> None:
    text = (OPERATE / "metrics.md").read_text()

    listed = re.findall(r"^\| `([a-z0-9_]+)` \| (\w+) \| (.+) \|$", text, re.MULTILINE)

    assert listed == [(family.key, family.kind, family.about) for family in ALL]
    assert {CUSTOM.kind, DURATION.kind} == {"summary", "histogram"}
