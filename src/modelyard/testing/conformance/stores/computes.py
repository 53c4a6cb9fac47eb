"""What ``ComputeStore`` promises."""

from dataclasses import replace
from datetime import timedelta

import pytest

from modelyard.domain.errors import AlreadyExists, NotFound
from modelyard.stores.stores import Stores
from modelyard.testing.conformance.stores import samples
from modelyard.testing.conformance.stores.samples import TAGS, at_once, furnished


class ComputeStoreSuite:
    """Inherit and give a fixture ``stores``."""

    def test_a_target_comes_back_as_it_was_added(self, stores: Stores) -> None:
        furnished(stores)
        whole = samples.compute(
            cpu=1.5,
            memory=2**40,
            nodes=4,
            attached=True,
            configuration={"vm_size": "Standard_D3_v2", "ssl": {"status": "Auto"}, "n": None},
            description="words",
            tags=TAGS,
        )

        stores.computes.add(whole)

        assert stores.computes.get("lab", "cluster") == whole

    def test_a_target_without_bounds_has_none(self, stores: Stores) -> None:
        furnished(stores)

        stores.computes.add(samples.compute())

        found = stores.computes.get("lab", "cluster")
        assert (found.cpu, found.memory, found.nodes) == (None, None, None)

    def test_a_name_is_taken_once_in_its_workspace(self, stores: Stores) -> None:
        furnished(stores)
        stores.workspaces.add(samples.workspace("other"))
        stores.computes.add(samples.compute())

        with pytest.raises(AlreadyExists, match="'cluster'"):
            stores.computes.add(samples.compute(cpu=2.0))
        stores.computes.add(samples.compute(workspace="other"))

        assert stores.computes.get("lab", "cluster").cpu is None

    def test_of_eight_at_once_one_is_kept(self, stores: Stores) -> None:
        furnished(stores)

        def add(index: int) -> bool:
            try:
                stores.computes.add(samples.compute(nodes=index + 1))
            except AlreadyExists:
                return False
            return True

        assert sum(at_once(8, add)) == 1
        assert len(stores.computes.list("lab")) == 1

    def test_one_in_a_missing_workspace_is_refused(self, stores: Stores) -> None:
        with pytest.raises(NotFound, match="workspace 'lab'"):
            stores.computes.add(samples.compute())

    def test_targets_of_a_workspace_are_listed_by_name(self, stores: Stores) -> None:
        furnished(stores)
        stores.workspaces.add(samples.workspace("other"))
        for name in ("b", "C", "a"):
            stores.computes.add(samples.compute(name + "1"))
        stores.computes.add(samples.compute("d1", workspace="other"))

        assert [found.name for found in stores.computes.list("lab")] == ["C1", "a1", "b1"]

    def test_all_but_the_name_is_replaced(self, stores: Stores) -> None:
        furnished(stores)
        stores.computes.add(samples.compute(cpu=1.0, tags={"a": "1"}))
        later = samples.NOW + timedelta(days=1)
        changed = samples.compute(nodes=3, tags={}, updated=later, kind="AmlCompute")

        stores.computes.update(changed)

        assert stores.computes.get("lab", "cluster") == changed

    def test_a_removed_target_is_gone_and_its_name_free(self, stores: Stores) -> None:
        furnished(stores)
        stores.computes.add(samples.compute())

        stores.computes.remove("lab", "cluster")

        assert stores.computes.list("lab") == []
        stores.computes.add(samples.compute())

    def test_removing_the_workspace_takes_them(self, stores: Stores) -> None:
        furnished(stores)
        stores.computes.add(samples.compute())

        stores.workspaces.remove("lab")

        stores.workspaces.add(samples.workspace())
        assert stores.computes.list("lab") == []

    def test_a_missing_one_is_named(self, stores: Stores) -> None:
        furnished(stores)
        stores.computes.add(samples.compute("other"))
        missing = samples.compute()

        with pytest.raises(NotFound, match="'cluster'"):
            stores.computes.get("lab", "cluster")
        with pytest.raises(NotFound, match="'cluster'"):
            stores.computes.update(replace(missing, nodes=2))
        with pytest.raises(NotFound, match="'cluster'"):
            stores.computes.remove("lab", "cluster")
