"""What ``RunStore`` promises."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf, isnan, nan

import pytest

from modelyard.domain.errors import AlreadyExists, BadInput, Conflict, NotFound
from modelyard.domain.runs import MetricKind, Run, RunFile, RunStatus
from modelyard.stores.stores import Stores
from modelyard.testing.conformance.stores import samples
from modelyard.testing.conformance.stores.samples import NOW, TAGS, at_once, furnished, sha256


class RunStoreSuite:
    """Inherit and give a fixture ``stores``."""

    def test_the_open_jobs_are_those_of_all_workspaces_that_have_not_ended(
        self, stores: Stores
    ) -> None:
        furnished(stores)
        stores.workspaces.add(samples.workspace("other"))
        stores.experiments.ensure(samples.experiment(workspace="other", id="id-other"))
        job = {"job": {"script": "train.py"}}
        stores.runs.add(samples.run("by-hand"))
        for id in ("first", "ended", "second"):
            stores.runs.add(samples.run(id, definition=job))
        stores.runs.add(samples.run("third", workspace="other", definition=job))

        stores.runs.change("lab", "ended", lambda r: replace(r, status=RunStatus.CANCELED))
        changed = stores.runs.change(
            "lab", "first", lambda r: replace(r, status=RunStatus.FINALIZING)
        )

        assert [run.id for run in stores.runs.open_jobs()] == ["first", "second", "third"]
        assert stores.runs.open_jobs()[0] == changed
        stores.workspaces.remove("lab")
        assert [run.id for run in stores.runs.open_jobs()] == ["third"]

    def test_a_run_comes_back_as_it_was_added(self, stores: Stores) -> None:
        furnished(stores)
        whole = samples.run(
            name="first",
            description="words",
            parent="run-0",
            started=NOW,
            ended=NOW,
            tags=TAGS,
            properties={"p": "1"},
            error={"code": "x", "details": [1, None, {"deep": True}]},
            definition={"script": "train.py", "arguments": ["--a", 1.5]},
            snapshot=sha256("snapshot"),
            submitted_by="me",
        )

        added = stores.runs.add(whole)

        assert added == replace(whole, number=1)
        assert stores.runs.get("lab", "run-1") == added
        assert stores.runs.get("lab", "run-1").order == added.order > 0

    def test_numbers_count_within_an_experiment(self, stores: Stores) -> None:
        furnished(stores)
        stores.experiments.ensure(samples.experiment("other"))

        numbers = [
            stores.runs.add(samples.run("a")).number,
            stores.runs.add(samples.run("b", experiment="other")).number,
            stores.runs.add(samples.run("c")).number,
        ]

        assert numbers == [1, 1, 2]

    def test_sixteen_at_once_get_sixteen_numbers(self, stores: Stores) -> None:
        furnished(stores)

        added = at_once(16, lambda index: stores.runs.add(samples.run(f"run-{index}")))

        assert sorted(run.number for run in added) == list(range(1, 17))
        assert len({run.order for run in added}) == 16

    def test_a_taken_id_is_refused_and_uses_up_no_number(self, stores: Stores) -> None:
        furnished(stores)
        stores.runs.add(samples.run("a"))

        with pytest.raises(AlreadyExists, match="'a'"):
            stores.runs.add(samples.run("a"))

        assert stores.runs.add(samples.run("b")).number == 2

    def test_the_same_id_in_two_workspaces_is_two_runs(self, stores: Stores) -> None:
        furnished(stores)
        stores.workspaces.add(samples.workspace("other"))
        stores.experiments.ensure(samples.experiment(workspace="other", id="e"))
        stores.runs.add(samples.run("a"))

        stores.runs.add(samples.run("a", workspace="other", description="theirs"))

        assert stores.runs.get("lab", "a").description == ""
        assert stores.runs.get("other", "a").description == "theirs"

    def test_a_run_of_a_missing_experiment_is_refused(self, stores: Stores) -> None:
        stores.workspaces.add(samples.workspace())

        with pytest.raises(NotFound, match="experiment 'salary'"):
            stores.runs.add(samples.run())

    def test_the_newest_come_first(self, stores: Stores) -> None:
        furnished(stores)
        for id in ("a", "b", "c"):
            stores.runs.add(samples.run(id))

        assert _ids(stores.runs.list("lab")) == ["c", "b", "a"]
        assert stores.runs.list("other") == []

    def test_lists_are_paged_by_order(self, stores: Stores) -> None:
        furnished(stores)
        for id in ("a", "b", "c", "d", "e"):
            stores.runs.add(samples.run(id))

        first = stores.runs.list("lab", limit=2)
        second = stores.runs.list("lab", limit=2, before=first[-1].order)
        third = stores.runs.list("lab", limit=2, before=second[-1].order)

        assert [_ids(page) for page in (first, second, third)] == [["e", "d"], ["c", "b"], ["a"]]

    def test_they_are_found_by_what_they_are(self, stores: Stores) -> None:
        furnished(stores)
        stores.experiments.ensure(samples.experiment("other"))
        stores.runs.add(samples.run("a", type="hyperdrive"))
        stores.runs.add(samples.run("b", experiment="other"))
        stores.runs.add(samples.run("c", status=RunStatus.FAILED))

        assert _ids(stores.runs.list("lab", experiment="other")) == ["b"]
        assert _ids(stores.runs.list("lab", status="Failed")) == ["c"]
        assert _ids(stores.runs.list("lab", type="hyperdrive")) == ["a"]
        assert _ids(stores.runs.list("lab", experiment="salary", status="Running")) == ["a"]

    def test_children_are_listed_with_their_parent_or_left_out(self, stores: Stores) -> None:
        furnished(stores)
        stores.runs.add(samples.run("p"))
        stores.runs.add(samples.run("c1", parent="p"))
        stores.runs.add(samples.run("c2", parent="p"))

        assert _ids(stores.runs.list("lab")) == ["c2", "c1", "p"]
        assert _ids(stores.runs.list("lab", include_children=False)) == ["p"]
        assert _ids(stores.runs.list("lab", parent="p")) == ["c2", "c1"]
        assert _ids(stores.runs.list("lab", parent="p", include_children=False)) == ["c2", "c1"]

    def test_they_are_found_by_tags_and_properties(self, stores: Stores) -> None:
        furnished(stores)
        stores.runs.add(samples.run("a", tags={"stage": "test", "odd \"$.[0]' key": "值"}))
        stores.runs.add(samples.run("b", tags={"stage": "live"}, properties={"seed": "1"}))
        stores.runs.add(samples.run("c", tags={"stage": "1"}))

        assert _ids(stores.runs.list("lab", tags={"stage": "live"})) == ["b"]
        assert _ids(stores.runs.list("lab", tags={"stage": None})) == ["c", "b", "a"]
        assert _ids(stores.runs.list("lab", tags={"stage": "1"})) == ["c"]
        assert _ids(stores.runs.list("lab", tags={"stage": None, "nothing": None})) == []
        assert _ids(stores.runs.list("lab", tags={"odd \"$.[0]' key": "值"})) == ["a"]
        assert _ids(stores.runs.list("lab", properties={"seed": "1"})) == ["b"]
        assert _ids(stores.runs.list("lab", tags={"seed": None})) == []

    def test_a_change_is_decided_on_what_is_stored(self, stores: Stores) -> None:
        furnished(stores)
        stores.runs.add(samples.run(tags={"a": "1"}))

        changed = stores.runs.change(
            "lab", "run-1", lambda run: replace(run, tags={**run.tags, "b": "2"}, ended=NOW)
        )

        assert changed.tags == {"a": "1", "b": "2"}
        assert stores.runs.get("lab", "run-1") == changed

    def test_a_refused_change_changes_nothing(self, stores: Stores) -> None:
        furnished(stores)
        added = stores.runs.add(samples.run())

        def refuse(_: Run) -> Run:
            raise Conflict("No.")

        with pytest.raises(Conflict, match=r"No\."):
            stores.runs.change("lab", "run-1", refuse)

        assert stores.runs.get("lab", "run-1") == added

    def test_a_change_keeps_what_names_the_run(self, stores: Stores) -> None:
        furnished(stores)
        added = stores.runs.add(samples.run())

        changed = stores.runs.change(
            "lab", "run-1", lambda run: replace(run, id="x", number=9, order=9, experiment="y")
        )

        assert (changed, changed.order) == (added, added.order)

    def test_no_change_is_lost_when_many_come_at_once(self, stores: Stores) -> None:
        furnished(stores)
        stores.runs.add(samples.run())

        def tag(index: int) -> None:
            stores.runs.change(
                "lab", "run-1", lambda run: replace(run, tags={**run.tags, str(index): ""})
            )

        at_once(16, tag)

        assert len(stores.runs.get("lab", "run-1").tags) == 16

    def test_metrics_come_back_in_the_order_logged(self, stores: Stores) -> None:
        furnished(stores)
        stores.runs.add(samples.run())
        first = [samples.metric("loss", 1 / 3, step=0), samples.metric("accuracy", 1)]
        second = [
            samples.metric("loss", 2**60, step=1, description="big"),
            samples.metric("rows", {"y": [1, None], "x": "text"}, kind=MetricKind.ROW),
        ]

        stores.runs.add_metrics("lab", "run-1", first)
        stores.runs.add_metrics("lab", "run-1", second)
        stores.runs.add_metrics("lab", "run-1", [])

        assert stores.runs.metrics("lab", "run-1") == [*first, *second]
        assert stores.runs.metrics("lab", "run-1", "loss") == [first[0], second[0]]
        assert stores.runs.metrics("lab", "run-1", "missing") == []

    def test_a_metric_may_be_infinite_or_not_a_number(self, stores: Stores) -> None:
        furnished(stores)
        stores.runs.add(samples.run())

        stores.runs.add_metrics("lab", "run-1", [samples.metric(value=[inf, -inf, nan])])

        (found,) = stores.runs.metrics("lab", "run-1")
        assert found.value[:2] == [inf, -inf]
        assert isnan(found.value[2])

    def test_metrics_of_one_batch_are_kept_whole_or_not_at_all(self, stores: Stores) -> None:
        furnished(stores)
        stores.runs.add(samples.run())

        with pytest.raises(BadInput):
            stores.runs.add_metrics(
                "lab", "run-1", [samples.metric(), samples.metric(value=object())]
            )

        assert stores.runs.metrics("lab", "run-1") == []

    def test_files_are_added_or_replaced_by_path(self, stores: Stores) -> None:
        furnished(stores)
        stores.runs.add(samples.run())
        stores.runs.put_files("lab", "run-1", [_file("outputs/b", "1"), _file("outputs/a", "2")])

        stores.runs.put_files("lab", "run-1", [_file("outputs/b", "3"), _file("Logs/x", "4")])
        stores.runs.put_files("lab", "run-1", [])

        assert stores.runs.files("lab", "run-1") == [
            _file("Logs/x", "4"),
            _file("outputs/a", "2"),
            _file("outputs/b", "3"),
        ]

    def test_a_missing_run_is_named(self, stores: Stores) -> None:
        furnished(stores)
        store = stores.runs
        for call in (
            lambda: store.get("lab", "run-9"),
            lambda: store.change("lab", "run-9", lambda run: run),
            lambda: store.add_metrics("lab", "run-9", [samples.metric()]),
            lambda: store.metrics("lab", "run-9"),
            lambda: store.put_files("lab", "run-9", [_file("a", "1")]),
            lambda: store.files("lab", "run-9"),
        ):
            with pytest.raises(NotFound, match="'run-9'"):
                call()


def _ids(runs: Sequence[Run]) -> list[str]:
    return [run.id for run in runs]


def _file(path: str, text: str) -> RunFile:
    return RunFile(path, sha256(text), 5 * 2**30)
