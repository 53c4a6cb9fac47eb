"""What ``ServiceStore`` promises of services and their keys; revisions have a suite beside it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from modelyard.domain.errors import AlreadyExists, Conflict, NotFound
from modelyard.domain.services import Auth, Keys, Service, ServiceKind
from modelyard.stores.stores import Stores
from modelyard.testing.conformance.stores import samples
from modelyard.testing.conformance.stores.samples import KEYS, NOW, TAGS, at_once, furnished


class ServiceStoreSuite:
    """Inherit and give a fixture ``stores``."""

    def test_a_service_comes_back_as_it_was_added(self, stores: Stores) -> None:
        furnished(stores)
        whole = samples.service(
            kind=ServiceKind.LOCAL,
            auth=Auth.OFF,
            updated=NOW + timedelta(seconds=1),
            default_version="blue",
            description="words",
            tags=TAGS,
            properties={"p": "1"},
            configuration={"cpu_cores": 0.1, "location": None},
            port=6789,
            created_by="me",
            deleting=True,
            enabled=False,
        )

        stores.services.add(whole, KEYS)

        assert stores.services.get("lab", "salary") == whole
        assert stores.services.keys(whole.id) == KEYS

    def test_a_taken_name_is_refused(self, stores: Stores) -> None:
        furnished(stores)
        stores.services.add(samples.service(), KEYS)

        with pytest.raises(AlreadyExists, match="'salary'"):
            stores.services.add(samples.service(id="other"), Keys("a", "b"))

        assert stores.services.keys("svc-salary") == KEYS

    def test_of_many_who_add_the_same_name_one_succeeds(self, stores: Stores) -> None:
        furnished(stores)

        def add(index: int) -> bool:
            try:
                stores.services.add(samples.service(id=f"svc-{index}"), KEYS)
            except AlreadyExists:
                return False
            return True

        assert sum(at_once(16, add)) == 1

    def test_one_in_a_missing_workspace_is_refused(self, stores: Stores) -> None:
        with pytest.raises(NotFound, match="workspace 'lab'"):
            stores.services.add(samples.service(), KEYS)

    def test_they_are_listed_by_workspace_and_name(self, stores: Stores) -> None:
        furnished(stores)
        stores.workspaces.add(samples.workspace("abc"))
        stores.services.add(samples.service("two"), KEYS)
        stores.services.add(samples.service("one"), KEYS)
        stores.services.add(samples.service("zoo", workspace="abc"), KEYS)

        assert [found.name for found in stores.services.list()] == ["zoo", "one", "two"]
        assert [found.name for found in stores.services.list("lab")] == ["one", "two"]

    def test_a_change_is_decided_on_what_is_stored(self, stores: Stores) -> None:
        furnished(stores)
        stores.services.add(samples.service(tags={"a": "1"}), KEYS)

        changed = stores.services.change(
            "svc-salary", lambda s: replace(s, tags={**s.tags, "b": "2"}, deleting=True)
        )

        assert changed.tags == {"a": "1", "b": "2"}
        assert stores.services.get("lab", "salary") == changed
        assert stores.services.keys("svc-salary") == KEYS

    def test_a_refused_change_changes_nothing(self, stores: Stores) -> None:
        furnished(stores)
        stores.services.add(samples.service(), KEYS)

        def refuse(_: Service) -> Service:
            raise Conflict("No.")

        with pytest.raises(Conflict):
            stores.services.change("svc-salary", refuse)

        assert stores.services.get("lab", "salary") == samples.service()

    def test_keys_are_replaced(self, stores: Stores) -> None:
        furnished(stores)
        stores.services.add(samples.service(), KEYS)

        stores.services.set_keys("svc-salary", Keys("new", KEYS.secondary))

        assert stores.services.keys("svc-salary") == Keys("new", KEYS.secondary)

    def test_removing_is_repeatable_and_takes_all_that_it_holds(self, stores: Stores) -> None:
        furnished(stores)
        stores.services.add(samples.service(), KEYS)
        stores.services.add_revision(samples.revision())
        stores.services.add(samples.service("other"), KEYS)
        stores.services.add_revision(samples.revision("rev-2", service="svc-other"))

        stores.services.remove("svc-salary")
        stores.services.remove("svc-salary")

        assert [found.name for found in stores.services.list()] == ["other"]
        assert stores.services.versions("svc-salary") == []
        assert stores.services.revisions("svc-salary") == []
        assert len(stores.services.revisions("svc-other")) == 1

    def test_a_missing_one_is_named(self, stores: Stores) -> None:
        furnished(stores)
        with pytest.raises(NotFound, match="'salary'"):
            stores.services.get("lab", "salary")
        with pytest.raises(NotFound, match="'svc-x'"):
            stores.services.change("svc-x", lambda service: service)
        with pytest.raises(NotFound, match="'svc-x'"):
            stores.services.keys("svc-x")
        with pytest.raises(NotFound, match="'svc-x'"):
            stores.services.set_keys("svc-x", KEYS)
