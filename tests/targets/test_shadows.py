"""How fronts of this machine are told of their shadows."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelyard.domain.fronts import FrontSpec, FrontState
from modelyard.domain.shadows import Shadow
from modelyard.settings import Settings
from modelyard.targets.local import layout
from modelyard.targets.local.target import LocalTarget
from modelyard.testing.conformance.targets import wait_for
from tests.waiting import wait_until

MakeSpec = Callable[..., FrontSpec]
OLD = json.dumps({"error": "There is no operation 'shadows'; use one of: drain, status."})


def said(settings: Settings, front: str) -> list[dict[str, Any]]:
    """What a fake front was told."""
    lines = layout.front_log(settings.logs, front).read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def file(settings: Settings, front: str) -> Path:
    return settings.run / "fronts" / f"{front}.shadows.json"


def test_a_front_hears_where_its_shadows_answer_and_finds_it_when_it_starts_anew(
    target: LocalTarget, make_spec: MakeSpec, settings: Settings, sockets: Path
) -> None:
    target.start(make_spec("a"))
    target.start(make_spec("b", fronts=2, workers=2))
    wait_for(target, "a", FrontState.READY)

    assert target.shadow("a", [Shadow("green", "b", 250)])

    expected = {
        "shadows": [
            {
                "version": "green",
                "share": 250,
                "sockets": [str(sockets / "b.1.sock"), str(sockets / "b.2.sock")],
            }
        ],
        "seconds": 600,
    }
    [told] = said(settings, "a")
    assert told == {"op": "shadows", **expected}
    assert json.loads(file(settings, "a").read_text()) == expected
    assert stat.S_IMODE(file(settings, "a").stat().st_mode) == 0o600


def test_every_front_of_a_revision_is_told(
    target: LocalTarget, make_spec: MakeSpec, settings: Settings
) -> None:
    target.start(make_spec("a", fronts=2, workers=2))
    wait_for(target, "a", FrontState.READY)

    assert target.shadow("a", [Shadow("green", "b", 1000)])

    for front in ("a.1", "a.2"):
        assert [told["shadows"][0]["sockets"] for told in said(settings, front)] == [[]]
        assert file(settings, front).exists()


def test_without_shadows_nothing_is_said_but_to_who_had_some(
    target: LocalTarget, make_spec: MakeSpec, settings: Settings
) -> None:
    target.start(make_spec("a"))
    wait_for(target, "a", FrontState.READY)

    assert target.shadow("a", [])
    assert said(settings, "a") == []

    target.shadow("a", [Shadow("green", "b", 1000)])
    target.shadow("a", [])
    assert [told["shadows"] for told in said(settings, "a")][1:] == [[]]
    assert not file(settings, "a").exists()


def test_a_front_of_an_older_release_is_not_broken_and_told_apart(
    target: LocalTarget, make_spec: MakeSpec, settings: Settings
) -> None:
    target.start(make_spec("a", variables={"ANSWER": OLD}))
    wait_for(target, "a", FrontState.UNHEALTHY)

    assert not target.shadow("a", [Shadow("green", "b", 1000)])
    assert not target.shadow("a", [])

    assert file(settings, "a").exists(), "a later leader sees that it was never told"
    assert [told["shadows"] for told in said(settings, "a")][-1] == []


def test_a_stopped_front_leaves_no_orders_behind(
    target: LocalTarget, make_spec: MakeSpec, settings: Settings
) -> None:
    target.start(make_spec("a"))
    wait_for(target, "a", FrontState.READY)
    target.shadow("a", [Shadow("green", "b", 1000)])

    target.stop("a")

    assert not file(settings, "a").exists()
    wait_until(lambda: target.observe(["a"])["a"].pid == 0)


def test_what_cannot_be_written_is_told_nevertheless(
    target: LocalTarget, make_spec: MakeSpec, settings: Settings
) -> None:
    target.start(make_spec("a"))
    wait_for(target, "a", FrontState.READY)
    file(settings, "a").mkdir()

    assert not target.shadow("a", [Shadow("green", "b", 1000)])

    assert len(said(settings, "a")) == 1
    file(settings, "a").rmdir()
