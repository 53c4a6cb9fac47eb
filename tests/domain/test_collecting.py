"""What a service's variables say of collecting."""

import pytest

from modelyard.domain.collecting import Collection, collection_of
from modelyard.domain.errors import BadInput


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        pytest.param({}, Collection(1.0, {}), id="nothing said"),
        pytest.param({"COLLECT_SAMPLE": "0.25"}, Collection(0.25, {}), id="a share"),
        pytest.param({"COLLECT_SAMPLE": "0"}, Collection(0.0, {}), id="only what fails"),
        pytest.param(
            {"COLLECT_COLUMNS": "mail=hash, a=b=drop,*=keep,"},
            Collection(1.0, {"mail": "hash", "a=b": "drop", "*": "keep"}),
            id="columns",
        ),
    ],
)
def test_variables_say_what_is_collected(variables, found):
    assert collection_of(variables) == found


@pytest.mark.parametrize(
    "variables",
    [
        {"COLLECT_SAMPLE": "10%"},
        {"COLLECT_SAMPLE": "1.5"},
        {"COLLECT_SAMPLE": "nan"},
        {"COLLECT_COLUMNS": "mail"},
        {"COLLECT_COLUMNS": "mail=encrypt"},
        {"COLLECT_COLUMNS": "=drop"},
        {"COLLECT_COLUMNS": ",".join(f"column{n}=drop" for n in range(300))},
    ],
)
def test_what_cannot_be_understood_names_the_variable(variables):
    (name,) = variables

    with pytest.raises(BadInput, match=name):
        collection_of(variables)
