"""Compute targets over fakes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelyard.domain.computes import Compute
from modelyard.domain.errors import (
    AlreadyExists,
    BadInput,
    BadName,
    InUse,
    NoCapacity,
    NotFound,
)
from modelyard.domain.services import Limits, Serving
from modelyard.domain.vm_sizes import VmSize, vm_size
from modelyard.testing.conformance.stores import samples
from modelyard.testing.target import FakeTarget
from modelyard.usecases.compute_sizes import Use, bounds, size_notes, too_small, use_of
from modelyard.usecases.limits import Capacity
from modelyard.wire.computes import ComputeChange, ComputeRequest
from modelyard.wire.contents import Limits as AskedLimits
from tests.usecases.yard import Yard

GB = 1_000_000_000
SMALL = Capacity(4, 16 * GB)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("Standard_ND6s", VmSize(6, 112 * GB, 1)),
        ("Standard_D3_v2", VmSize(4, 14 * GB)),
        ("STANDARD_DS2_V2", VmSize(2, 7 * GB)),
        ("STANDARD_NC6", VmSize(6, 56 * GB, 1)),
        ("Standard_F4s_v2", VmSize(4, 8 * GB)),
        ("Standard_D99_v2", None),
        ("my own machine", None),
        ("", None),
    ],
)
def test_azures_sizes_are_known_by_name(name: str, size: VmSize | None) -> None:
    assert vm_size(name) == size


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ((2.0, 8 * GB), (2.0, 8 * GB)),
        ((6.0, 112 * GB), (None, None)),
        ((4.0, 8 * GB), (None, 8 * GB)),
        ((None, None), (None, None)),
    ],
)
def test_a_target_as_large_as_the_machine_is_the_machine(asked: object, kept: object) -> None:
    assert bounds(asked, SMALL) == kept  # type: ignore[arg-type]


def test_a_size_beyond_the_machine_and_a_card_that_is_not_there_are_told() -> None:
    target = samples.compute(configuration={"vm_size": "Standard_ND6s", "agent_count": 3})

    larger, card = size_notes(target, SMALL)

    assert "3 x Standard_ND6s is 18 cores and 336 GB; this machine has 4 cores" in larger
    assert "graphics card" in card
    assert size_notes(target, Capacity(32, 500 * GB, 1)) == []
    assert size_notes(samples.compute(), SMALL) == []


@pytest.mark.parametrize(
    ("serving", "use"),
    [
        (Serving(workers=2), Use(1.0, GB)),
        (Serving(workers=1, max_workers=4), Use(0.25, GB // 4)),
        (Serving(workers=2, max_workers=1), Use(1.0, GB)),
    ],
)
def test_a_version_uses_what_its_lasting_workers_may_take(serving: Serving, use: Use) -> None:
    content = replace(samples.content(), limits=Limits(cpu=1.0, memory=GB), serving=serving)

    assert use_of(content) == use
    assert use_of(replace(content, limits=Limits())) == Use()


def test_what_does_not_fit_is_told_with_what_is_asked_used_and_there() -> None:
    target = samples.compute(cpu=2.0, memory=4 * GB)

    assert too_small(target, Use(1.0, GB), Use(1.0, 3 * GB)) == ""
    said = too_small(target, Use(1.5, 2 * GB), Use(1.0, 3 * GB))

    assert "'cluster'" in said
    assert "1.5 cores are asked for, 1 of its 2 are used" in said
    assert "2 GB are asked for, 3 of its 4 are used" in said
    assert too_small(samples.compute(), Use(100, 10**15), Use()) == ""


def create(yard: Yard, name: str = "cluster", **changes: object) -> Compute:
    request = ComputeRequest(name=name, **{"kind": "AKS", **changes})  # type: ignore[arg-type]
    return yard.cases.computes.create("ws", request)


def put_service(yard: Yard, name: str, cpu: float, compute: str = "cluster") -> None:
    """A service that was deployed to the target."""
    service = yard.deploy(name, content=yard.content(limits=AskedLimits(cpu=cpu)))
    yard.stores.services.change(service.id, lambda found: replace(found, compute=compute))


def test_a_target_is_made_seen_changed_and_removed(yard: Yard) -> None:
    computes = yard.cases.computes
    create(yard, kind="amlcompute", nodes=2, tags={"a": "1"}, cpu=0.5)

    changed = computes.change("ws", "cluster", ComputeChange(nodes=3, configuration={"x": 1}))

    assert (changed.kind, changed.nodes, changed.cpu) == ("AmlCompute", 3, 0.5)
    assert computes.get("ws", "cluster") == changed
    assert [found.name for found in computes.list("ws")] == ["cluster"]
    computes.delete("ws", "cluster")
    assert computes.list("ws") == []


def test_a_size_by_name_bounds_it_once_for_each_node(tmp_path: Path) -> None:
    yard = Yard(tmp_path, target=FakeTarget(cores=64, memory=512 * GB))
    yard.workspace()

    made = create(yard, configuration={"vm_size": "Standard_D2_v2", "agent_count": 3})

    assert (made.cpu, made.memory) == (6.0, 21 * GB)
    assert create(yard, "free", configuration={"vm_size": "Mine"}).cpu is None


def test_asking_again_in_the_same_words_gives_it_back(yard: Yard) -> None:
    first = create(yard, configuration={"vm_size": "Standard_D2_v2"})
    yard.clock.advance(60)

    assert create(yard, configuration={"vm_size": "Standard_D2_v2"}) == first
    assert create(yard, attached=True) == first
    with pytest.raises(AlreadyExists, match="'cluster'"):
        create(yard, configuration={"vm_size": "Standard_D3_v2"})
    with pytest.raises(AlreadyExists, match="'cluster'"):
        create(yard, kind="AmlCompute", attached=True)


def test_a_target_shows_what_is_deployed_to_it_and_stays_while_it_is(yard: Yard) -> None:
    target = create(yard, cpu=2.0)
    put_service(yard, "one", 0.5)
    put_service(yard, "two", 0.25)
    put_service(yard, "elsewhere", 0.25, compute="")

    view = yard.cases.computes.view(target)

    assert (view.services, view.used_cpu) == (["one", "two"], 0.75)
    with pytest.raises(InUse, match="one, two"):
        yard.cases.computes.delete("ws", "cluster")


def test_room_is_counted_beside_all_other_versions(yard: Yard) -> None:
    create(yard, cpu=1.0)
    put_service(yard, "one", 0.75)
    asked = replace(samples.content(), limits=Limits(cpu=0.5))
    check = yard.cases.computes.check_room

    with pytest.raises(NoCapacity, match=r"'cluster' has no room: 0\.5 cores.*0\.75 of its 1"):
        check("ws", "cluster", asked, "two", "default")
    check("ws", "cluster", asked, "one", "default")  # in place of what it has
    check("ws", "", asked, "two", "default")
    with pytest.raises(BadInput, match=r"'clusters'.*'cluster'"):
        check("ws", "clusters", asked, "two", "default")


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"kind": "Batch"}, BadInput, "AKS, AmlCompute"),
        ({"cpu": 0.0}, BadInput, "cpu"),
        ({"memory_gb": float("nan")}, BadInput, "memory_gb"),
        ({"nodes": 0}, BadInput, "nodes"),
        ({"name": "under_score"}, BadName, "2 to 24"),
    ],
)
def test_what_cannot_be_a_target_is_refused(
    yard: Yard, changes: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        create(yard, **changes)

    assert yard.cases.computes.list("ws") == []


def test_a_missing_target_or_workspace_is_named(yard: Yard) -> None:
    create(yard)

    with pytest.raises(NotFound, match=r"'clutser'.*Did you mean 'cluster'"):
        yard.cases.computes.get("ws", "clutser")
    with pytest.raises(NotFound, match="workspace 'nowhere'"):
        yard.cases.computes.list("nowhere")
