"""What ``ServiceStore`` promises of versions, and of what changes together."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from modelyard.domain.errors import Conflict, NotFound
from modelyard.domain.events import Event
from modelyard.domain.services import NEWEST, Edit, Keys, Service, ServiceVersion
from modelyard.domain.traffic import Split, Traffic
from modelyard.stores.stores import Stores
from modelyard.testing.conformance.stores import samples
from modelyard.testing.conformance.stores.samples import KEYS, NOW, TAGS, at_once, furnished

TRAFFIC = Traffic(
    given={"blue": 900, "green": 100},
    owners=(("blue", 450), ("green", 100), ("blue", 450)),
    sticky="header:x-user",
    shadows={"red": 5},
    previous=Split({"blue": 1000}, "blue", closed=True),
)


class VersionSuite:
    """Inherit and give a fixture ``stores``."""

    def test_traffic_comes_back_as_it_was_stored(self, stores: Stores) -> None:
        furnished(stores)
        whole = samples.service(traffic=TRAFFIC, control_version="blue", compute="cluster")

        stores.services.add(whole, KEYS)

        assert stores.services.get("lab", "salary") == whole

    def test_a_change_leaves_its_event(self, stores: Stores) -> None:
        _with_service(stores)

        stores.services.change(
            "svc-salary",
            lambda found: replace(found, description="new"),
            lambda before, after: samples.event(
                before={"description": before.description},
                after={"description": after.description},
            ),
        )

        [told] = stores.events.list("lab", "salary")
        assert (told.before, told.after) == ({"description": ""}, {"description": "new"})

    def test_a_change_may_leave_no_event(self, stores: Stores) -> None:
        _with_service(stores)

        stores.services.change("svc-salary", lambda found: found, lambda _, __: None)

        assert stores.events.list("lab") == []

    def test_a_version_changes_but_for_what_it_runs(self, stores: Stores) -> None:
        _with_service(stores)
        stores.services.add_revision(samples.revision("a", version="green"))
        stores.services.set_live("svc-salary", "green", 1)
        whole = _whole("green", wanted=7, live=None)

        changed = stores.services.change_version(
            "svc-salary", "green", lambda _: replace(whole, name="other"), samples.event()
        )

        assert changed == replace(whole, wanted=1, live=1)
        assert stores.services.versions("svc-salary") == [changed]
        assert len(stores.events.list("lab")) == 1

    def test_a_missing_version_is_named(self, stores: Stores) -> None:
        _with_service(stores)

        with pytest.raises(NotFound, match="'green'"):
            stores.services.change_version("svc-salary", "green", lambda v: v, samples.event())

        assert stores.events.list("lab") == []

    def test_a_removed_version_takes_its_revisions_and_no_others(self, stores: Stores) -> None:
        _with_service(stores)
        stores.services.add_revision(samples.revision("a", version="blue"))
        stores.services.add_revision(samples.revision("b", version="green"))

        stores.services.remove_version("svc-salary", "green")
        stores.services.remove_version("svc-salary", "green")

        assert [v.name for v in stores.services.versions("svc-salary")] == ["blue"]
        assert [r.id for r in stores.services.revisions("svc-salary")] == ["a"]

    def test_numbers_of_a_removed_version_are_not_used_again(self, stores: Stores) -> None:
        _with_service(stores)
        stores.services.add_revision(samples.revision("a", version="green"))
        stores.services.remove_version("svc-salary", "green")

        again = stores.services.add_revision(samples.revision("b", version="green"))

        assert again.number == 2

    def test_an_edit_writes_everything_at_once(self, stores: Stores) -> None:
        _with_service(stores)
        stores.services.add_revision(samples.revision("a", version="blue"))
        told = (samples.event(what="one"), samples.event(what="two"))

        def decide(service: Service, versions: Sequence[ServiceVersion]) -> Edit:
            [blue] = versions
            return Edit(
                replace(service, default_version="green", traffic=TRAFFIC),
                (replace(blue, stop_at=NOW), _whole("green", switch=NEWEST)),
                samples.revision("b", version="green"),
                Keys("new", "newer"),
                told,
            )

        edit = stores.services.edit("svc-salary", decide)

        service = stores.services.get("lab", "salary")
        assert edit.service == service
        assert (service.default_version, service.traffic) == ("green", TRAFFIC)
        blue, green = stores.services.versions("svc-salary")
        assert edit.versions == (blue, green)
        assert (blue.stop_at, blue.wanted) == (NOW, 1)
        assert green == _whole("green", wanted=1, live=None, switch=1)
        assert edit.revision == samples.revision("b", version="green", number=1)
        assert stores.services.keys("svc-salary") == Keys("new", "newer")
        assert [e.what for e in stores.events.list("lab", "salary")] == ["two", "one"]

    def test_the_newest_of_a_version_is_its_next_revision(self, stores: Stores) -> None:
        _with_service(stores)
        stores.services.add_revision(samples.revision("a", version="green"))
        stores.services.set_live("svc-salary", "green", 1)

        def decide(service: Service, versions: Sequence[ServiceVersion]) -> Edit:
            green = replace(versions[0], switch=NEWEST)
            return Edit(service, (green,), samples.revision("b", version="green"))

        edit = stores.services.edit("svc-salary", decide)

        assert (edit.versions[0].wanted, edit.versions[0].live, edit.versions[0].switch) == (
            2,
            1,
            2,
        )

    @pytest.mark.parametrize("fault", ["refused", "taken revision", "missing version"])
    def test_an_edit_that_cannot_be_changes_nothing(self, stores: Stores, fault: str) -> None:
        _with_service(stores)
        stores.services.add_revision(samples.revision("a", version="blue"))
        before = _everything(stores)

        def decide(service: Service, _: Sequence[ServiceVersion]) -> Edit:
            if fault == "refused":
                raise Conflict("No.")
            return Edit(
                replace(service, description="new"),
                (_whole("red"),) if fault == "missing version" else (),
                samples.revision("a" if fault == "taken revision" else "b", version="blue"),
                Keys("new", "newer"),
                (samples.event(),),
            )

        with pytest.raises((Conflict, NotFound)):
            stores.services.edit("svc-salary", decide)

        assert _everything(stores) == before

    def test_an_edit_of_a_missing_service_names_it(self, stores: Stores) -> None:
        furnished(stores)
        with pytest.raises(NotFound, match="'svc-x'"):
            stores.services.edit("svc-x", lambda service, _: Edit(service))

    def test_many_edits_at_once_each_see_the_one_before(self, stores: Stores) -> None:
        _with_service(stores)

        def add(index: int) -> None:
            def decide(service: Service, _: Sequence[ServiceVersion]) -> Edit:
                count = int(service.tags.get("count", "0")) + 1
                revision = samples.revision(f"r{index}", version="blue")
                return Edit(replace(service, tags={"count": str(count)}), (), revision)

            stores.services.edit("svc-salary", decide)

        at_once(8, add)

        assert stores.services.get("lab", "salary").tags == {"count": "8"}
        assert {r.number for r in stores.services.revisions("svc-salary")} == set(range(1, 9))

    def test_everything_is_what_each_is_alone(self, stores: Stores) -> None:
        _with_service(stores)
        stores.services.add(samples.service("another", traffic=TRAFFIC), Keys("a", "b"))
        stores.services.add(samples.service("empty"), KEYS)
        for id in ("svc-salary", "svc-another"):
            for name in ("green", "blue", "blue"):
                revision = samples.revision(f"{id}-{len(stores.services.revisions(id))}")
                stores.services.add_revision(replace(revision, service=id, version=name))

        found = stores.services.everything()

        assert [one.service for one in found] == stores.services.list()
        for one in found:
            id = one.service.id
            assert one.versions == stores.services.versions(id)
            assert one.revisions == stores.services.revisions(id)
            assert one.keys == stores.services.keys(id)

    def test_what_is_decided_may_be_read_meanwhile(self, stores: Stores) -> None:
        _with_service(stores)
        stores.services.add_revision(samples.revision("a", version="blue"))

        def decide(service: Service, _: Sequence[ServiceVersion]) -> Edit:
            names = [r.id for r in stores.services.revisions(service.id)]
            assert stores.rollouts.open() == []
            return Edit(replace(service, description=" ".join(names)))

        assert stores.services.edit("svc-salary", decide).service.description == "a"


def _with_service(stores: Stores) -> None:
    furnished(stores)
    stores.services.add(samples.service(), KEYS)


def _whole(name: str, **changes: object) -> ServiceVersion:
    """A version of which everything is said."""
    plain = ServiceVersion(
        "svc-salary",
        name,
        wanted=0,
        description="words",
        tags=TAGS,
        properties={"p": "1"},
        configuration={"cpu_cores": 0.1, "location": None},
        created=NOW,
        updated=NOW + timedelta(seconds=1),
        enabled=False,
        deleting=True,
        switch=3,
        keep_warm=1.5,
        stop_at=NOW + timedelta(hours=1),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def _everything(
    stores: Stores,
) -> tuple[object, Sequence[object], Sequence[object], Keys, Sequence[Event]]:
    id = "svc-salary"
    return (
        stores.services.get("lab", "salary"),
        stores.services.versions(id),
        stores.services.revisions(id),
        stores.services.keys(id),
        stores.events.list("lab"),
    )
