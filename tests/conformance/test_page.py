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


@pytest.mark.parametrize(
    ("made", "ends", "same"),
    [
        ("10:00:07", "10:01:07", True),
        ("10:00:07", "10:01:08", True),
        ("10:00:07", "10:01:09", False),
        ("10:00:07", "10:00:59", False),
    ],
)
def test_cookies_may_end_as_much_later_as_they_were_made(made: str, ends: str, same: bool) -> None:
    theirs, ours = cookie("10:00:00", "10:01:00"), cookie(made, ends)

    assert (differences(theirs, ours) == {}) is same


def test_cookies_of_another_value_differ_whenever_they_end() -> None:
    theirs, ours = cookie("10:00:00", "10:01:00"), cookie("10:00:00", "10:01:01", "b")

    assert list(differences(theirs, ours)) == ["header:set-cookie"]


def cookie(made: str, ends: str, value: str = "a") -> Answer:
    day = "Sun, 22 Nov 2026"
    sent = f"session={value}; Expires={day} {ends} GMT; Max-Age=60; Path=/"
    return Answer(200, {"date": f"{day} {made} GMT", "set-cookie": sent}, b"")
