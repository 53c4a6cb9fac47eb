"""What ``RolloutStore`` promises."""

from dataclasses import replace
from datetime import timedelta

import pytest

from modelyard.domain.errors import Conflict, NotFound
from modelyard.domain.rollouts import ENDED, Rollout, RolloutState
from modelyard.stores.stores import Stores
from modelyard.testing.conformance.stores import samples
from modelyard.testing.conformance.stores.samples import NOW, at_once, furnished


class RolloutSuite:
    """Inherit and give a fixture ``stores``."""

    def test_a_rollout_comes_back_as_it_was_added(self, stores: Stores) -> None:
        furnished(stores)
        whole = samples.rollout(
            step=1,
            state=RolloutState.PROPOSED,
            ending=RolloutState.PROMOTED,
            since=NOW + timedelta(seconds=1, microseconds=5),
            plan={"metric": {"name": "sales", "margin": None}, "alpha": 0.05},
            seen={"counts": [1, 2.5]},
            verdict={"decision": "promote"},
            before={"given": {"blue": 1000}},
            reasons=("one", "值"),
            history=({"what": "step", "share": 10}, {"what": "end"}),
            created_by="me",
        )

        stores.rollouts.add(whole)

        assert stores.rollouts.get("lab", "ro-1") == whole

    def test_the_beginning_leaves_its_event(self, stores: Stores) -> None:
        furnished(stores)

        stores.rollouts.add(samples.rollout(), samples.event(what="rollout started"))

        assert [e.what for e in stores.events.list("lab")] == ["rollout started"]

    def test_a_second_one_of_a_service_is_refused_with_its_event(self, stores: Stores) -> None:
        furnished(stores)
        stores.rollouts.add(samples.rollout())

        with pytest.raises(Conflict, match="'salary' is under way"):
            stores.rollouts.add(samples.rollout("ro-2"), samples.event())

        assert [r.id for r in stores.rollouts.open()] == ["ro-1"]
        assert stores.events.list("lab") == []

    def test_of_many_at_once_one_begins(self, stores: Stores) -> None:
        furnished(stores)

        def add(index: int) -> bool:
            try:
                stores.rollouts.add(samples.rollout(f"ro-{index}"))
            except Conflict:
                return False
            return True

        assert sum(at_once(8, add)) == 1

    @pytest.mark.parametrize("end", sorted(ENDED))
    def test_another_one_may_begin_when_one_has_ended(
        self, stores: Stores, end: RolloutState
    ) -> None:
        furnished(stores)
        stores.rollouts.add(samples.rollout())
        stores.rollouts.change("ro-1", lambda found: replace(found, state=end))

        stores.rollouts.add(samples.rollout("ro-2"))
        stores.rollouts.add(samples.rollout("ro-3", service="svc-other"))

        assert [r.id for r in stores.rollouts.open()] == ["ro-2", "ro-3"]
        assert [r.id for r in stores.rollouts.list("svc-salary")] == ["ro-2", "ro-1"]

    def test_a_change_is_decided_on_what_is_stored_and_leaves_its_event(
        self, stores: Stores
    ) -> None:
        furnished(stores)
        stores.rollouts.add(samples.rollout())

        def decide(found: Rollout) -> Rollout:
            return replace(found, step=found.step + 1, id="other", service="other")

        stores.rollouts.change("ro-1", decide)
        changed = stores.rollouts.change("ro-1", decide, samples.event(what="rollout step"))

        assert changed == samples.rollout(step=1)
        assert stores.rollouts.get("lab", "ro-1") == changed
        assert [e.what for e in stores.events.list("lab")] == ["rollout step"]

    def test_a_refused_change_changes_nothing(self, stores: Stores) -> None:
        furnished(stores)
        stores.rollouts.add(samples.rollout())

        def refuse(_: Rollout) -> Rollout:
            raise Conflict("No.")

        with pytest.raises(Conflict):
            stores.rollouts.change("ro-1", refuse, samples.event())

        assert stores.rollouts.get("lab", "ro-1") == samples.rollout()
        assert stores.events.list("lab") == []

    def test_all_of_a_service_go_with_it(self, stores: Stores) -> None:
        furnished(stores)
        stores.rollouts.add(samples.rollout())
        stores.rollouts.add(samples.rollout("ro-2", service="svc-other"))

        stores.rollouts.remove("svc-salary")
        stores.rollouts.remove("svc-salary")

        assert [r.id for r in stores.rollouts.open()] == ["ro-2"]

    def test_a_missing_one_is_named(self, stores: Stores) -> None:
        furnished(stores)
        stores.rollouts.add(samples.rollout())

        with pytest.raises(NotFound, match="'ro-2'"):
            stores.rollouts.get("lab", "ro-2")
        with pytest.raises(NotFound, match="'ro-1'"):
            stores.rollouts.get("other", "ro-1")
        with pytest.raises(NotFound, match="'ro-2'"):
            stores.rollouts.change("ro-2", lambda found: found)
