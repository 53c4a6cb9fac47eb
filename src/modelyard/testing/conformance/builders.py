"""What every builder of environments promises."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from modelyard.domain.environments import BuiltEnvironment, EnvironmentDefinition
from modelyard.domain.errors import BadEnvironment, EnvironmentBuildFailed
from modelyard.ports import EnvironmentBuilder

NEVER_BUILT = "0" * 64
BROKEN = "name: x\ndependencies: [python=3.11\n"


def quiet(line: str) -> None:
    """A log that nobody reads."""


class EnvironmentBuilderContract:
    """
    Inherit, and give a fixture ``builder``; ``definition`` must be buildable by it and name one
    package, ``unbuildable`` name one that no index has.
    """

    @pytest.fixture
    def definition(self) -> EnvironmentDefinition:
        return EnvironmentDefinition("good", pip_packages=("six",))

    @pytest.fixture
    def unbuildable(self) -> EnvironmentDefinition:
        return EnvironmentDefinition("bad", pip_packages=("modelyard-no-such-package",))

    def test_a_definition_resolves_to_the_same_digest_each_time(
        self, builder: EnvironmentBuilder, definition: EnvironmentDefinition
    ) -> None:
        first, second = builder.resolve(definition), builder.resolve(definition)

        assert first == second
        assert first.digest == second.digest

    def test_a_broken_conda_file_is_refused_by_line(self, builder: EnvironmentBuilder) -> None:
        with pytest.raises(BadEnvironment, match="line 3"):
            builder.resolve(EnvironmentDefinition("broken", conda_file=BROKEN))

    def test_an_unpinned_package_is_pinned_to_the_record_with_a_note(
        self, builder: EnvironmentBuilder
    ) -> None:
        record = {"model": "salary", "packages": {"scikit-learn": "1.5.2"}}

        recipe = builder.resolve(
            EnvironmentDefinition("pinned", pip_packages=("scikit-learn",)), [record]
        )

        assert recipe.requirements == ("scikit-learn==1.5.2",)
        assert recipe.notes == (
            "scikit-learn pinned to 1.5.2, the version the model salary was trained with.",
        )

    def test_what_was_never_built_is_not_found(self, builder: EnvironmentBuilder) -> None:
        assert builder.find(NEVER_BUILT) is None
        assert builder.digests() == []

    def test_what_was_built_is_found_whole(
        self, builder: EnvironmentBuilder, definition: EnvironmentDefinition
    ) -> None:
        recipe = builder.resolve(definition)
        lines: list[str] = []

        built = builder.build(recipe, lines.append)

        assert builder.find(recipe.digest) == built
        assert builder.digests() == [recipe.digest]
        assert len(built.packages) == 1
        assert next(iter(built.packages)) in built.lock
        assert built.size > 0
        assert lines

    def test_the_interpreter_of_a_build_runs(
        self, builder: EnvironmentBuilder, definition: EnvironmentDefinition
    ) -> None:
        built = builder.build(builder.resolve(definition), quiet)

        answer = subprocess.run(  # noqa: S603 - the interpreter that was built
            [built.python, "-c", "import platform; print(platform.python_version())"],
            capture_output=True,
            text=True,
            check=True,
        )

        assert answer.stdout.strip() == built.python_version

    def test_building_again_gives_what_is_there(
        self, builder: EnvironmentBuilder, definition: EnvironmentDefinition
    ) -> None:
        recipe = builder.resolve(definition)

        assert builder.build(recipe, quiet) == builder.build(recipe, quiet)
        assert builder.digests() == [recipe.digest]

    def test_many_callers_at_once_get_the_same(
        self, builder: EnvironmentBuilder, definition: EnvironmentDefinition
    ) -> None:
        recipe = builder.resolve(definition)
        build: Callable[[int], BuiltEnvironment] = lambda _: builder.build(recipe, quiet)  # noqa: E731

        with ThreadPoolExecutor(4) as pool:
            built = list(pool.map(build, range(4)))

        assert built == [built[0]] * 4

    def test_a_failed_build_names_the_package_and_leaves_nothing(
        self, builder: EnvironmentBuilder, unbuildable: EnvironmentDefinition
    ) -> None:
        recipe = builder.resolve(unbuildable)

        with pytest.raises(EnvironmentBuildFailed, match="modelyard-no-such-package"):
            builder.build(recipe, quiet)

        assert builder.find(recipe.digest) is None
        assert builder.digests() == []

    def test_what_is_removed_is_gone_and_can_be_built_again(
        self, builder: EnvironmentBuilder, definition: EnvironmentDefinition
    ) -> None:
        recipe = builder.resolve(definition)
        built = builder.build(recipe, quiet)

        freed = builder.remove(recipe.digest)

        assert freed > 0
        assert builder.find(recipe.digest) is None
        assert builder.remove(recipe.digest) == 0
        assert builder.build(recipe, quiet).packages == built.packages

    def test_a_python_of_the_user_is_used_as_it_is(self, builder: EnvironmentBuilder) -> None:
        definition = EnvironmentDefinition("mine", user_managed=True, interpreter=sys.executable)

        recipe = builder.resolve(definition)
        built = builder.build(recipe, quiet)

        assert recipe.interpreter == built.python == sys.executable
        assert builder.find(recipe.digest) == built
