"""What ``ServiceStore`` promises of versions and revisions."""

from dataclasses import replace

import pytest

from modelyard.domain.errors import AlreadyExists, NotFound
from modelyard.domain.services import RevisionState, ServiceVersion
from modelyard.stores.stores import Stores
from modelyard.testing.conformance.stores import samples
from modelyard.testing.conformance.stores.samples import KEYS, at_once, furnished, sha256


class RevisionSuite:
    """Inherit and give a fixture ``stores``."""

    def test_a_revision_comes_back_as_it_was_added(self, stores: Stores) -> None:
        _with_service(stores)
        whole = samples.revision(
            content=samples.content("source", "model-a", "model-b"),
            error={"type": "ValueError", "line": 3},
            notes=("azureml-defaults was dropped", "值"),
        )

        added = stores.services.add_revision(whole)

        assert added == replace(whole, number=1)
        assert stores.services.revisions("svc-salary") == [added]

    def test_the_new_revision_is_the_wanted_one(self, stores: Stores) -> None:
        _with_service(stores)
        stores.services.add_revision(samples.revision("a"))
        stores.services.add_revision(samples.revision("b"))
        stores.services.add_revision(samples.revision("c", version="blue"))

        assert stores.services.versions("svc-salary") == [
            ServiceVersion("svc-salary", "blue", wanted=1),
            ServiceVersion("svc-salary", "default", wanted=2),
        ]

    def test_sixteen_at_once_get_sixteen_numbers(self, stores: Stores) -> None:
        _with_service(stores)

        added = at_once(16, lambda i: stores.services.add_revision(samples.revision(f"r{i}")))

        assert sorted(revision.number for revision in added) == list(range(1, 17))
        (version,) = stores.services.versions("svc-salary")
        assert version.wanted == 16

    def test_a_number_is_never_used_again(self, stores: Stores) -> None:
        _with_service(stores)
        stores.services.add_revision(samples.revision("a"))
        stores.services.remove_revision("a")
        stores.services.remove_revision("a")

        assert stores.services.add_revision(samples.revision("b")).number == 2

    def test_which_one_is_live_is_kept_when_another_is_wanted(self, stores: Stores) -> None:
        _with_service(stores)
        stores.services.add_revision(samples.revision("a"))

        stores.services.set_live("svc-salary", "default", 1)
        stores.services.add_revision(samples.revision("b"))

        wanted = ServiceVersion("svc-salary", "default", wanted=2, live=1)
        assert stores.services.versions("svc-salary") == [wanted]
        stores.services.set_live("svc-salary", "default", None)
        assert stores.services.versions("svc-salary") == [replace(wanted, live=None)]

    def test_revisions_are_listed_by_version_and_number(self, stores: Stores) -> None:
        _with_service(stores)
        for id, version in (("z", "default"), ("y", "blue"), ("x", "default")):
            stores.services.add_revision(samples.revision(id, version=version))

        assert [found.id for found in stores.services.revisions("svc-salary")] == ["y", "z", "x"]

    def test_an_update_replaces_state_error_and_notes_alone(self, stores: Stores) -> None:
        _with_service(stores)
        added = stores.services.add_revision(samples.revision())
        failed = replace(
            added, state=RevisionState.FAILED, error={"type": "KeyError"}, notes=("a note",)
        )

        stores.services.update_revision(replace(failed, content=samples.content("other")))

        assert stores.services.revisions("svc-salary") == [failed]

    def test_all_manifests_that_revisions_hold_are_referenced(self, stores: Stores) -> None:
        _with_service(stores)
        stores.services.add_revision(samples.revision("a", content=samples.content("s", "m")))
        stores.services.add_revision(samples.revision("b", content=samples.content("s", "n")))

        assert set(stores.services.references()) == {sha256("s"), sha256("m"), sha256("n")}

    def test_what_is_missing_is_named(self, stores: Stores) -> None:
        _with_service(stores)
        added = stores.services.add_revision(samples.revision())
        with pytest.raises(NotFound, match="'svc-x'"):
            stores.services.add_revision(samples.revision("b", service="svc-x"))
        with pytest.raises(NotFound, match="'rev-9'"):
            stores.services.update_revision(replace(added, id="rev-9"))
        with pytest.raises(NotFound, match="'blue'"):
            stores.services.set_live("svc-salary", "blue", None)
        with pytest.raises(NotFound, match="no revision 7"):
            stores.services.set_live("svc-salary", "default", 7)

    def test_a_taken_id_is_refused_and_changes_nothing(self, stores: Stores) -> None:
        _with_service(stores)
        stores.services.add_revision(samples.revision())

        with pytest.raises(AlreadyExists, match="'rev-1'"):
            stores.services.add_revision(samples.revision())

        assert stores.services.versions("svc-salary")[0].wanted == 1


def _with_service(stores: Stores) -> None:
    furnished(stores).services.add(samples.service(), KEYS)
