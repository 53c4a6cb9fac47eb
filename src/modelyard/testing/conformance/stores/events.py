"""What ``EventStore`` promises."""

from dataclasses import replace

from modelyard.stores.stores import Stores
from modelyard.testing.conformance.stores import samples
from modelyard.testing.conformance.stores.samples import at_once, furnished


class EventSuite:
    """Inherit and give a fixture ``stores``."""

    def test_an_event_comes_back_as_it_was_added_with_its_number(self, stores: Stores) -> None:
        furnished(stores)
        whole = samples.event(
            version="green",
            before={"shares": {"blue": 100.0}},
            after={"shares": {"blue": 90.0, "green": 10.0}, "why": None},
            why="to try it 值",
        )

        added = stores.events.add(whole)

        assert added.number > 0
        assert added == replace(whole, number=added.number)
        assert stores.events.list("lab") == [added]

    def test_the_newest_comes_first_and_older_ones_are_paged_to(self, stores: Stores) -> None:
        furnished(stores)
        numbers = [stores.events.add(samples.event()).number for _ in range(5)]

        newest = stores.events.list("lab", "salary", limit=2)
        older = stores.events.list("lab", "salary", limit=2, before=newest[-1].number)

        assert numbers == sorted(set(numbers))
        assert [e.number for e in [*newest, *older]] == numbers[:0:-1]

    def test_each_service_and_workspace_has_its_own(self, stores: Stores) -> None:
        furnished(stores)
        stores.workspaces.add(samples.workspace("other"))
        stores.events.add(samples.event(service="one"))
        stores.events.add(samples.event(service="two"))
        stores.events.add(samples.event(workspace="other", service="one"))

        assert [e.service for e in stores.events.list("lab")] == ["two", "one"]
        assert len(stores.events.list("lab", "one")) == 1
        assert len(stores.events.list("other")) == 1

    def test_it_outlives_its_service(self, stores: Stores) -> None:
        furnished(stores)
        stores.services.add(samples.service(), samples.KEYS)
        stores.events.add(samples.event())

        stores.services.remove("svc-salary")

        assert len(stores.events.list("lab", "salary")) == 1

    def test_many_at_once_get_a_number_each(self, stores: Stores) -> None:
        furnished(stores)

        added = at_once(8, lambda _: stores.events.add(samples.event()).number)

        assert len(set(added)) == 8
