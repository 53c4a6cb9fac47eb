"""Azure's scoring server and ours answer the same, but for the differences that are wanted."""

from collections.abc import Callable

import pytest

from tests.conformance import differences as table
from tests.conformance.cases import SCRIPTS, Script
from tests.conformance.compare import differences
from tests.conformance.servers import answers

pytestmark = pytest.mark.slow

Found = list[tuple[str, str, str, str]]
Measure = Callable[[Script], Found]


@pytest.fixture(scope="module")
def measured() -> Measure:
    """What differs for a script; both servers are run once for each."""
    known: dict[str, Found] = {}

    def measure(script: Script) -> Found:
        if script.name not in known:
            known[script.name] = [
                (f"{script.name}/{name}", aspect, theirs, ours)
                for name, pair in answers(script).items()
                for aspect, (theirs, ours) in differences(*pair).items()
            ]
        return known[script.name]

    return measure


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_every_difference_is_a_wanted_one(script: Script, measured: Measure) -> None:
    unwanted = [
        f"{case}  {aspect}: {theirs[:200]!r} -> {ours[:200]!r}"
        for case, aspect, theirs, ours in measured(script)
        if not any(line.allows(case, aspect, theirs, ours) for line in table.DIFFERENCES)
    ]

    assert not unwanted, "\n".join(unwanted)


def test_every_line_of_the_table_still_differs(measured: Measure) -> None:
    found = [each for script in SCRIPTS for each in measured(script)]

    unused = [line for line in table.DIFFERENCES if not any(line.allows(*each) for each in found)]

    assert not unused, "\n".join(map(repr, unused))
