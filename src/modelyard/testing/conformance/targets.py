"""What every target promises."""

import time
from collections.abc import Callable
from threading import Event

from modelyard.domain.fronts import FrontSpec, FrontState
from modelyard.domain.shadows import Shadow
from modelyard.ports import Target

MakeSpec = Callable[[str], FrontSpec]
PATIENCE = 20.0


class TargetContract:
    """
    Inherit it and give two fixtures: ``target`` that runs nothing yet, and ``make_spec``, which
    makes the specification of a front of that id that soon says that it is ready.
    """

    def test_nothing_runs_at_first(self, target: Target) -> None:
        assert list(target.running()) == []
        assert target.observe([]) == {}

    def test_a_front_that_nobody_asked_for_is_gone(self, target: Target) -> None:
        assert target.observe(["never"])["never"].state is FrontState.GONE

    def test_a_started_front_becomes_ready(self, target: Target, make_spec: MakeSpec) -> None:
        target.start(make_spec("a"))

        wait_for(target, "a", FrontState.READY)
        assert list(target.running()) == ["a"]

    def test_a_front_just_asked_for_is_not_gone(self, target: Target, make_spec: MakeSpec) -> None:
        target.start(make_spec("a"))

        assert target.observe(["a"])["a"].state is not FrontState.GONE

    def test_starting_twice_starts_once(self, target: Target, make_spec: MakeSpec) -> None:
        target.start(make_spec("a"))
        wait_for(target, "a", FrontState.READY)
        pid = target.observe(["a"])["a"].pid

        target.start(make_spec("a"))

        assert list(target.running()) == ["a"]
        assert target.observe(["a"])["a"].pid == pid

    def test_several_fronts_are_observed_at_once(
        self, target: Target, make_spec: MakeSpec
    ) -> None:
        target.start(make_spec("a"))
        target.start(make_spec("b"))
        wait_for(target, "a", FrontState.READY)
        wait_for(target, "b", FrontState.READY)

        seen = target.observe(["b", "never", "a"])

        assert {id: status.id for id, status in seen.items()} == {
            "a": "a", "b": "b", "never": "never"
        }  # fmt: skip
        assert seen["never"].state is FrontState.GONE

    def test_a_front_that_drains_says_so(self, target: Target, make_spec: MakeSpec) -> None:
        target.start(make_spec("a"))
        wait_for(target, "a", FrontState.READY)

        target.drain("a")
        target.drain("a")

        wait_for(target, "a", FrontState.DRAINING)

    def test_a_stopped_front_is_gone(self, target: Target, make_spec: MakeSpec) -> None:
        target.start(make_spec("a"))
        wait_for(target, "a", FrontState.READY)

        target.stop("a")
        target.stop("a")

        wait_for(target, "a", FrontState.GONE)
        assert list(target.running()) == []

    def test_a_stopped_and_drained_front_can_be_started_anew(
        self, target: Target, make_spec: MakeSpec
    ) -> None:
        target.start(make_spec("a"))
        wait_for(target, "a", FrontState.READY)
        target.drain("a")
        target.stop("a")

        target.start(make_spec("a"))

        wait_for(target, "a", FrontState.READY)

    def test_draining_and_stopping_what_never_was_is_fine(self, target: Target) -> None:
        target.drain("never")
        target.stop("never")

        assert list(target.logs("never", 10)) == []

    def test_a_front_is_told_of_its_shadows_again_and_again(
        self, target: Target, make_spec: MakeSpec
    ) -> None:
        target.start(make_spec("a"))
        wait_for(target, "a", FrontState.READY)

        for shadows in ([Shadow("green", "b", 1000)], [Shadow("green", "never", 5)], [], []):
            assert target.shadow("a", shadows)
        assert target.shadow("never", [Shadow("green", "b", 1000)])

    def test_it_says_what_it_has(self, target: Target) -> None:
        cores, memory = target.capacity()

        assert cores > 0
        assert memory > 0


def wait_for(target: Target, id: str, state: FrontState) -> None:
    """Until the front says so; fails when it never does."""
    deadline = time.monotonic() + PATIENCE
    while (seen := target.observe([id])[id]).state is not state:
        assert time.monotonic() < deadline, f"{id} is {seen}, not {state}"
        Event().wait(0.02)
