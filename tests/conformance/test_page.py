"""The page shows the table that the comparison uses."""

import pytest

from tests.conformance import page
from tests.conformance.asking import Answer
from tests.conformance.cases import SCRIPTS
from tests.conformance.compare import differences
from tests.conformance.differences import DIFFERENCES


def test_the_page_shows_every_wanted_difference() -> None:
    text = page.PAGE.read_text()

    assert page.shown(text) == page.table(), "run: python -m tests.conformance.page"


def test_scripts_and_requests_have_names_of_their_own() -> None:
    cases = [f"{script.name}/{ask.name}" for script in SCRIPTS for ask in script.asks]

    assert len({script.name for script in SCRIPTS}) == len(SCRIPTS)
    assert len(set(cases)) == len(cases)


@pytest.mark.parametrize("line", DIFFERENCES, ids=lambda line: f"{line.cases}-{line.aspects}")
def test_every_line_gives_a_reason(line: object) -> None:
    assert len(getattr(line, "reason", "")) > 5


def test_a_difference_that_nobody_wants_is_found() -> None:
    theirs = Answer(200, {"content-type": "application/json", "x-a": "1"}, b'{"a": [1, {"b": 2}]}')
    ours = Answer(404, {"content-type": "application/json"}, b'{"a": [1, {"b": 3}], "c": null}')

    assert differences(theirs, ours) == {
        "status": ("200", "404"),
        "header:x-a": ("1", "absent"),
        "body.a[1].b": ("2", "3"),
        "body.c": ("absent", "null"),
    }
