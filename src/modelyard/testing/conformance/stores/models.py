"""What ``ModelStore`` promises."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from modelyard.domain.errors import Immutable, NotFound
from modelyard.domain.models import Model
from modelyard.stores.stores import Stores
from modelyard.testing.conformance.stores import samples
from modelyard.testing.conformance.stores.samples import TAGS, at_once, furnished


class ModelStoreSuite:
    """Inherit and give a fixture ``stores``."""

    def test_a_model_comes_back_as_it_was_added(self, stores: Stores) -> None:
        furnished(stores)
        whole = samples.model(
            description="words",
            tags=TAGS,
            properties={"p": "1"},
            framework="ScikitLearn",
            framework_version="1.7",
            run_id="run-1",
            experiment="salary",
            created_by="me",
            resources={"cpu": 1, "memory_in_gb": 0.5},
            record={"python": "3.11.7", "packages": {"scikit-learn": "1.7"}},
            sample_input=(samples.tensor("age", [31, None]), samples.tensor("name", ["值", ""])),
            sample_output=(samples.tensor("salary", [0.5, 1e300]),),
        )

        added = stores.models.add(whole)

        assert added == replace(whole, version=1)
        assert stores.models.get("lab", "salary-model", 1) == added

    def test_versions_count_within_a_name(self, stores: Stores) -> None:
        furnished(stores)
        for name in ("a", "b", "a"):
            stores.models.add(samples.model(name))

        assert _ids(stores.models.list("lab")) == ["a:2", "b:1", "a:1"]
        assert stores.models.get("lab", "a").version == 2

    def test_sixteen_at_once_get_sixteen_versions(self, stores: Stores) -> None:
        furnished(stores)

        added = at_once(16, lambda _: stores.models.add(samples.model()))

        assert sorted(model.version for model in added) == list(range(1, 17))

    def test_a_version_is_never_used_again(self, stores: Stores) -> None:
        furnished(stores)
        stores.models.add(samples.model())
        stores.models.add(samples.model())
        stores.models.remove("lab", "salary-model", 2)
        stores.models.remove("lab", "salary-model", 1)

        assert stores.models.add(samples.model()).version == 3

    def test_the_latest_is_the_highest_that_is_left(self, stores: Stores) -> None:
        furnished(stores)
        for _ in range(11):
            stores.models.add(samples.model())

        stores.models.remove("lab", "salary-model", 11)

        assert stores.models.get("lab", "salary-model").version == 10
        assert _ids(stores.models.list("lab", latest=True)) == ["salary-model:10"]

    def test_one_in_a_missing_workspace_is_refused(self, stores: Stores) -> None:
        with pytest.raises(NotFound, match="workspace 'lab'"):
            stores.models.add(samples.model())

    def test_they_are_found_by_what_they_are(self, stores: Stores) -> None:
        furnished(stores)
        stores.models.add(samples.model("a", tags={"area": "x"}, run_id="r1"))
        stores.models.add(samples.model("b", tags={"area": "y"}, framework="Onnx"))
        stores.models.add(samples.model("b", properties={"k": "v"}))

        found = stores.models.list
        assert _ids(found("lab", name="b")) == ["b:2", "b:1"]
        assert _ids(found("lab", tags={"area": None})) == ["b:1", "a:1"]
        assert _ids(found("lab", tags={"area": "x"})) == ["a:1"]
        assert _ids(found("lab", properties={"k": "v"})) == ["b:2"]
        assert _ids(found("lab", run_id="r1")) == ["a:1"]
        assert _ids(found("lab", framework="Onnx")) == ["b:1"]
        assert _ids(found("lab", latest=True)) == ["b:2", "a:1"]
        assert _ids(found("lab", name="b", tags={"area": "y"}, latest=True)) == []
        assert _ids(found("other")) == []

    def test_a_list_comes_without_samples(self, stores: Stores) -> None:
        furnished(stores)
        sample = (samples.tensor("age", [31]),)
        added = stores.models.add(samples.model(sample_input=sample, sample_output=sample))

        (listed,) = stores.models.list("lab")

        assert listed == replace(added, sample_input=(), sample_output=())
        assert stores.models.get("lab", "salary-model").sample_output == sample

    def test_a_change_of_something_else_keeps_the_samples(self, stores: Stores) -> None:
        furnished(stores)
        sample = (samples.tensor("age", [31]),)
        stores.models.add(samples.model(sample_input=sample))

        stores.models.change("lab", "salary-model", 1, lambda m: replace(m, description="new"))

        assert stores.models.get("lab", "salary-model").sample_input == sample

    def test_a_change_is_decided_on_what_is_stored(self, stores: Stores) -> None:
        furnished(stores)
        stores.models.add(samples.model(tags={"a": "1"}))

        changed = stores.models.change(
            "lab", "salary-model", 1, lambda m: replace(m, tags={**m.tags, "b": "2"})
        )

        assert changed.tags == {"a": "1", "b": "2"}
        assert stores.models.get("lab", "salary-model") == changed

    def test_a_refused_change_changes_nothing(self, stores: Stores) -> None:
        furnished(stores)
        added = stores.models.add(samples.model())

        def refuse(_: Model) -> Model:
            raise Immutable("No.")

        with pytest.raises(Immutable):
            stores.models.change("lab", "salary-model", 1, refuse)

        assert stores.models.get("lab", "salary-model", 1) == added

    def test_a_missing_one_is_named(self, stores: Stores) -> None:
        furnished(stores)
        stores.models.add(samples.model("a"))
        with pytest.raises(NotFound, match="'b'"):
            stores.models.get("lab", "b")
        with pytest.raises(NotFound, match="'a:2'"):
            stores.models.get("lab", "a", 2)
        with pytest.raises(NotFound, match="'a:2'"):
            stores.models.change("lab", "a", 2, lambda model: model)
        with pytest.raises(NotFound, match="'a:2'"):
            stores.models.remove("lab", "a", 2)


def _ids(models: Sequence[Model]) -> list[str]:
    return [model.id for model in models]
