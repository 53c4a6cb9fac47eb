"""A file that was applied is no difference to what the server made of it."""

from typing import Any

import pytest

from modelyard.cli.apply_kept import parts_as_kept, sticky_as_kept


@pytest.mark.parametrize(
    ("asked", "actual", "kept"),
    [
        ({"workers": 1, "fronts": 2}, {}, {"workers": 2, "fronts": 2}),
        ({"workers": 1}, {"fronts": 2, "workers": 2}, {"workers": 2}),
        ({"workers": 3, "fronts": 2}, {}, {"workers": 3, "fronts": 2}),
        ({"fronts": 2}, {"workers": 2}, {"fronts": 2}),
        ({"workers": 2, "max_workers": 2}, {}, {"workers": 2, "max_workers": None}),
        ({"max_workers": 3}, {"workers": 3}, {"max_workers": None}),
        ({"max_workers": 3}, {"workers": 2}, {"max_workers": 3}),
        ({"max_workers": None}, {"workers": 2}, {"max_workers": None}),
    ],
)
def test_workers_are_compared_as_the_server_keeps_them(
    asked: dict[str, Any], actual: dict[str, Any], kept: dict[str, Any]
) -> None:
    assert parts_as_kept(_parts(asked), _parts(actual)) == _parts(kept)


def test_other_parts_stay_as_they_are_asked() -> None:
    assert parts_as_kept({"models": ["a:1"]}, {"serving.fronts": 2}) == {"models": ["a:1"]}


@pytest.mark.parametrize(
    ("sticky", "kept"),
    [
        ("header:X-User", "header:x-user"),
        ("cookie:User", "cookie:User"),
        ("cookie", "cookie"),
        ("off", ""),
    ],
)
def test_a_header_is_the_same_in_any_case_and_a_cookie_is_not(sticky: str, kept: str) -> None:
    assert sticky_as_kept(sticky) == kept


def _parts(serving: dict[str, Any]) -> dict[str, Any]:
    return {f"serving.{name}": value for name, value in serving.items()}
