"""What ``ExperimentStore`` promises."""

from dataclasses import replace

import pytest

from modelyard.domain.errors import InUse, NotFound
from modelyard.stores.stores import Stores
from modelyard.testing.conformance.stores import samples
from modelyard.testing.conformance.stores.samples import NOW, TAGS, at_once, furnished


class ExperimentStoreSuite:
    """Inherit and give a fixture ``stores``."""

    def test_ensuring_adds_it_once(self, stores: Stores) -> None:
        stores.workspaces.add(samples.workspace())
        first = samples.experiment(tags=TAGS)

        assert stores.experiments.ensure(first) == first
        assert stores.experiments.ensure(replace(first, id="other", tags={})) == first
        assert stores.experiments.list("lab") == [first]

    def test_many_who_ensure_it_at_once_get_the_same(self, stores: Stores) -> None:
        stores.workspaces.add(samples.workspace())

        found = at_once(16, lambda i: stores.experiments.ensure(samples.experiment(id=f"e{i}")))

        assert len({experiment.id for experiment in found}) == 1

    def test_one_in_a_missing_workspace_is_refused(self, stores: Stores) -> None:
        with pytest.raises(NotFound, match="workspace 'lab'"):
            stores.experiments.ensure(samples.experiment())

    def test_the_same_name_in_two_workspaces_is_two_experiments(self, stores: Stores) -> None:
        furnished(stores)
        stores.workspaces.add(samples.workspace("other"))

        theirs = stores.experiments.ensure(samples.experiment(id="theirs", workspace="other"))

        assert stores.experiments.get("other", "salary") == theirs
        assert stores.experiments.get("lab", "salary").id == "id-salary"

    def test_they_are_listed_by_name_archived_ones_too(self, stores: Stores) -> None:
        furnished(stores)
        stores.experiments.ensure(samples.experiment("Zebra", archived=NOW))
        stores.experiments.ensure(samples.experiment("apple"))

        names = [found.name for found in stores.experiments.list("lab")]

        assert names == ["Zebra", "apple", "salary"]

    def test_an_update_replaces_tags_and_archived(self, stores: Stores) -> None:
        furnished(stores)
        changed = samples.experiment(tags={"a": "b"}, archived=NOW)

        stores.experiments.update(changed)

        assert stores.experiments.get("lab", "salary") == changed

    def test_a_missing_one_is_named(self, stores: Stores) -> None:
        with pytest.raises(NotFound, match="'salary'"):
            stores.experiments.get("lab", "salary")
        with pytest.raises(NotFound, match="'salary'"):
            stores.experiments.update(samples.experiment())
        with pytest.raises(NotFound, match="'salary'"):
            stores.experiments.remove("lab", "salary")

    def test_one_with_runs_is_not_removed(self, stores: Stores) -> None:
        furnished(stores)
        stores.runs.add(samples.run())

        with pytest.raises(InUse, match="1 runs"):
            stores.experiments.remove("lab", "salary")

        assert stores.experiments.get("lab", "salary") == samples.experiment()

    def test_an_empty_one_is_removed(self, stores: Stores) -> None:
        furnished(stores)

        stores.experiments.remove("lab", "salary")

        assert stores.experiments.list("lab") == []
