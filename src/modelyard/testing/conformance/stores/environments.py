"""What ``EnvironmentStore`` promises."""

from dataclasses import replace
from datetime import timedelta

import pytest

from modelyard.domain.environments import BuildState
from modelyard.domain.errors import NotFound
from modelyard.stores.stores import Stores
from modelyard.testing.conformance.stores import samples
from modelyard.testing.conformance.stores.samples import NOW, at_once, furnished


class EnvironmentStoreSuite:
    """Inherit and give a fixture ``stores``."""

    def test_an_environment_comes_back_as_it_was_added(self, stores: Stores) -> None:
        furnished(stores)
        whole = samples.environment(
            python_version="3.8",
            conda_packages=("numpy",),
            pip_packages=("scikit-learn==1.7", "joblib"),
            conda_channels=("conda-forge",),
            pip_options=("--pre",),
            conda_file="name: x\n",
            variables={"A": "1"},
            docker={"base_image": None, "enabled": True},
            user_managed=True,
            interpreter="/usr/bin/python3",
        )

        added = stores.environments.add(whole)

        assert added == replace(whole, version=1)
        assert stores.environments.get("lab", "sklearn") == added
        assert stores.environments.get("lab", "sklearn", 1) == added

    def test_an_equal_definition_is_the_same_version(self, stores: Stores) -> None:
        furnished(stores)
        first = stores.environments.add(samples.environment(variables={"A": "1", "B": "2"}))
        stores.environments.add(samples.environment(pip_packages=("numpy",)))

        again = stores.environments.add(samples.environment(variables={"B": "2", "A": "1"}))

        assert again == first
        assert stores.environments.get("lab", "sklearn").version == 2

    def test_many_who_add_the_same_get_one_version(self, stores: Stores) -> None:
        furnished(stores)

        added = at_once(16, lambda _: stores.environments.add(samples.environment()))

        assert {environment.version for environment in added} == {1}

    def test_sixteen_different_at_once_get_sixteen_versions(self, stores: Stores) -> None:
        furnished(stores)

        added = at_once(
            16, lambda i: stores.environments.add(samples.environment(pip_packages=(f"p{i}",)))
        )

        assert sorted(environment.version for environment in added) == list(range(1, 17))

    def test_the_latest_of_each_name_is_listed(self, stores: Stores) -> None:
        furnished(stores)
        stores.environments.add(samples.environment("b"))
        stores.environments.add(samples.environment("A", pip_packages=("numpy",)))
        stores.environments.add(samples.environment("b", pip_packages=("numpy",)))

        listed = [(found.name, found.version) for found in stores.environments.list("lab")]

        assert listed == [("A", 1), ("b", 2)]

    def test_a_missing_one_is_named(self, stores: Stores) -> None:
        with pytest.raises(NotFound, match="workspace 'lab'"):
            stores.environments.add(samples.environment())
        furnished(stores)
        stores.environments.add(samples.environment())
        with pytest.raises(NotFound, match="'other'"):
            stores.environments.get("lab", "other")
        with pytest.raises(NotFound, match="'sklearn:2'"):
            stores.environments.get("lab", "sklearn", 2)

    def test_a_build_is_added_once(self, stores: Stores) -> None:
        build = samples.build("numpy==2.0")

        assert stores.environments.ensure_build(build) == build
        later = replace(build, requested=NOW + timedelta(hours=1))
        assert stores.environments.ensure_build(later) == build
        assert stores.environments.get_build(build.digest) == build

    def test_many_who_ensure_a_build_get_one(self, stores: Stores) -> None:
        builds = at_once(16, lambda _: stores.environments.ensure_build(samples.build("numpy")))

        assert set(map(repr, builds)) == {repr(samples.build("numpy"))}
        assert len(stores.environments.list_builds()) == 1

    def test_an_update_replaces_the_state_of_a_build(self, stores: Stores) -> None:
        build = stores.environments.ensure_build(samples.build("numpy"))
        done = replace(build, state=BuildState.FAILED, finished=NOW, error="no such version")

        stores.environments.update_build(replace(done, requested=NOW + timedelta(1)))

        assert stores.environments.get_build(build.digest) == done

    def test_a_failed_build_is_queued_again(self, stores: Stores) -> None:
        build = stores.environments.ensure_build(samples.build("numpy"))
        stores.environments.update_build(
            replace(build, state=BuildState.FAILED, finished=NOW, error="no network")
        )

        again = replace(build, requested=NOW + timedelta(hours=1))
        assert stores.environments.ensure_build(again) == again
        assert stores.environments.get_build(build.digest) == again

    def test_builds_are_listed_by_state_oldest_first(self, stores: Stores) -> None:
        late = samples.build("a", requested=NOW + timedelta(hours=1))
        early = samples.build("b")
        running = samples.build("c", state=BuildState.RUNNING, requested=NOW + timedelta(hours=2))
        for build in (late, early, running):
            stores.environments.ensure_build(build)

        assert stores.environments.list_builds() == [early, late, running]
        assert stores.environments.list_builds(BuildState.QUEUED) == [early, late]
        both = stores.environments.list_builds(BuildState.RUNNING, BuildState.FAILED)
        assert both == [running]

    def test_a_missing_build_is_named(self, stores: Stores) -> None:
        build = samples.build("numpy")
        with pytest.raises(NotFound, match=build.digest):
            stores.environments.get_build(build.digest)
        with pytest.raises(NotFound, match=build.digest):
            stores.environments.update_build(build)
