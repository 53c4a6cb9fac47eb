"""What ``WorkspaceStore`` promises."""

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from modelyard.domain.errors import AlreadyExists, BadInput, InUse, NotFound
from modelyard.stores.stores import Stores
from modelyard.testing.conformance.stores import samples
from modelyard.testing.conformance.stores.samples import KEYS, NOW, TAGS, at_once, furnished


class WorkspaceStoreSuite:
    """Inherit and give a fixture ``stores``."""

    def test_a_workspace_comes_back_as_it_was_added(self, stores: Stores) -> None:
        lab = samples.workspace(tags=TAGS, cloud={"resource_group": "rg"})

        stores.workspaces.add(lab)

        assert stores.workspaces.get("lab") == lab
        assert list(stores.workspaces.get("lab").tags) == list(TAGS)

    def test_times_come_back_in_utc_with_microseconds(self, stores: Stores) -> None:
        elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))

        stores.workspaces.add(samples.workspace(created=elsewhere))

        created = stores.workspaces.get("lab").created
        assert created == NOW
        assert created.utcoffset() == timedelta(0)

    def test_a_taken_name_is_refused(self, stores: Stores) -> None:
        stores.workspaces.add(samples.workspace())

        with pytest.raises(AlreadyExists, match="'lab'"):
            stores.workspaces.add(samples.workspace(id="another"))

    def test_of_many_who_add_the_same_name_one_succeeds(self, stores: Stores) -> None:
        def add(index: int) -> bool:
            try:
                stores.workspaces.add(samples.workspace(id=f"id-{index}"))
            except AlreadyExists:
                return False
            return True

        assert sum(at_once(16, add)) == 1

    def test_they_are_listed_by_name(self, stores: Stores) -> None:
        for name in ("beta", "Gamma", "alpha"):
            stores.workspaces.add(samples.workspace(name))

        assert [found.name for found in stores.workspaces.list()] == ["Gamma", "alpha", "beta"]

    def test_an_update_replaces_tags_and_cloud_alone(self, stores: Stores) -> None:
        lab = samples.workspace(tags={"old": "1"})
        stores.workspaces.add(lab)

        stores.workspaces.update(
            replace(lab, tags={"new": "2"}, cloud={"sku": "basic"}, created=NOW - timedelta(1))
        )

        assert stores.workspaces.get("lab") == replace(
            lab, tags={"new": "2"}, cloud={"sku": "basic"}
        )

    def test_what_is_changed_outside_stays_outside(self, stores: Stores) -> None:
        tags = {"a": "1"}
        stores.workspaces.add(samples.workspace(tags=tags))

        tags["b"] = "2"

        assert stores.workspaces.get("lab").tags == {"a": "1"}

    def test_a_text_that_some_database_cannot_keep_is_refused(self, stores: Stores) -> None:
        with pytest.raises(BadInput, match="NUL"):
            stores.workspaces.add(samples.workspace(tags={"a": "x\0y"}))
        with pytest.raises(BadInput):
            stores.workspaces.add(samples.workspace(tags={"a": "\ud800"}))

        assert stores.workspaces.list() == []

    def test_a_missing_one_is_named(self, stores: Stores) -> None:
        with pytest.raises(NotFound, match="'lab'"):
            stores.workspaces.get("lab")
        with pytest.raises(NotFound, match="'lab'"):
            stores.workspaces.update(samples.workspace())
        with pytest.raises(NotFound, match="'lab'"):
            stores.workspaces.remove("lab")

    def test_removing_takes_all_that_it_holds(self, stores: Stores) -> None:
        furnished(stores)
        stores.runs.add(samples.run())
        stores.runs.add_metrics("lab", "run-1", [samples.metric()])
        stores.models.add(samples.model())
        stores.environments.add(samples.environment())

        stores.workspaces.remove("lab")

        assert stores.workspaces.list() == []
        stores.workspaces.add(samples.workspace())
        assert stores.experiments.list("lab") == []
        assert stores.runs.list("lab") == []
        assert stores.models.list("lab") == []
        assert stores.environments.list("lab") == []

    def test_removing_leaves_other_workspaces_alone(self, stores: Stores) -> None:
        furnished(stores)
        stores.workspaces.add(samples.workspace("other"))
        stores.models.add(samples.model(workspace="other"))

        stores.workspaces.remove("lab")

        assert len(stores.models.list("other")) == 1

    def test_with_services_it_is_not_removed_and_they_are_named(self, stores: Stores) -> None:
        furnished(stores)
        for name in ("one", "two"):
            stores.services.add(samples.service(name), KEYS)

        with pytest.raises(InUse, match="one, two") as refusal:
            stores.workspaces.remove("lab")

        assert refusal.value.details == {"services": ["one", "two"]}
        assert stores.experiments.get("lab", "salary") == samples.experiment()
