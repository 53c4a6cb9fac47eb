"""What a version gets of the default version's content where it says nothing."""

import pytest

from modelyard.domain.errors import BadInput
from modelyard.usecases.content_parts import filled
from modelyard.wire.contents import Content, Limits, LocalModel, ServingOptions
from modelyard.wire.environments import EnvironmentDefinition

BASE = Content(
    source="digest",
    source_name="code",
    entry_script="score.py",
    environment=EnvironmentDefinition(name="base"),
    models=["one:1"],
    variables={"A": "1"},
    limits=Limits(cpu=2.0, memory_gb=4.0),
    serving=ServingOptions(workers=2, max_workers=0),
)


def test_all_is_the_default_versions_where_nothing_is_said() -> None:
    assert filled(None, BASE) == BASE
    assert filled(Content(), BASE) == BASE


def test_a_part_that_is_said_stands_alone() -> None:
    made = filled(Content(models=["two:1"], serving=ServingOptions(workers=3)), BASE)

    assert (made.models, made.entry_script, made.variables) == (["two:1"], "score.py", {"A": "1"})
    assert made.serving == ServingOptions(workers=3, max_workers=0)
    local = [LocalModel(name="mine", manifest="m")]
    assert filled(Content(local_models=local), BASE).models == []


def test_another_script_is_not_looked_for_in_the_old_folder() -> None:
    made = filled(Content(source="other", entry_script="new.py"), BASE)

    assert (made.source, made.source_name, made.entry_script) == ("other", "", "new.py")


def test_limits_of_each_worker_do_not_go_together_with_those_of_all() -> None:
    each = Limits(cpu=1.0, each=True)

    assert filled(Content(limits=each), BASE).limits == each
    assert filled(Content(limits=Limits(cpu=1.0)), BASE).limits == Limits(cpu=1.0, memory_gb=4.0)


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(BadInput, match="name models, or a script"):
        filled(None, None)
