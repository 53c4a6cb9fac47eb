"""Two answers to one request: in what they differ."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from itertools import zip_longest
from typing import Any

from tests.conformance.asking import Answer

ABSENT = "absent"

_CONNECTION = {"date", "connection", "content-length", "transfer-encoding", "keep-alive", "server"}
_VARYING = {
    "x-ms-run-fn-exec-ms": re.compile(r"\d+\.\d{3}"),
    "x-request-id": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}
_VARYING["x-ms-request-id"] = _VARYING["x-request-id"]
_EXPIRES = re.compile(r"(?<=; Expires=)[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT")
_CLOCK = timedelta(seconds=1)
"""Between the moment for which a cookie's end was counted and the answer's date."""


def differences(theirs: Answer, ours: Answer) -> dict[str, tuple[str, str]]:
    """``{aspect: (theirs, ours)}``; aspects are status, header:NAME and body[.PATH]."""
    found: dict[str, tuple[str, str]] = {}
    if theirs.status != ours.status:
        found["status"] = (str(theirs.status), str(ours.status))
    left, right = _headers(theirs.headers), _headers(ours.headers)
    for name in sorted(left.keys() | right.keys()):
        pair = (left.get(name, ABSENT), right.get(name, ABSENT))
        if pair[0] != pair[1] and not (name == "set-cookie" and _same_cookies(theirs, ours)):
            found[f"header:{name}"] = pair
    for path, one, two in _apart(_body(theirs), _body(ours), "body"):
        found[path] = (one, two)
    return found


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What is left after those of the connection, varying values by their kind."""
    kept = {}
    for name, value in headers.items():
        if name not in _CONNECTION:
            pattern = _VARYING.get(name)
            kept[name] = f"<{name}>" if pattern and pattern.fullmatch(value) else value
    return kept


def _same_cookies(one: Answer, two: Answer) -> bool:
    """Whether they differ only in when they were made: each ends as long after its answer."""
    left, right = (_EXPIRES.sub("", each.headers.get("set-cookie", "")) for each in (one, two))
    if left != right:
        return False
    ends = zip_longest(_lifetimes(one), _lifetimes(two), fillvalue=timedelta.max)
    return all(abs(a - b) <= _CLOCK for a, b in ends)


def _lifetimes(answer: Answer) -> list[timedelta]:
    made = parsedate_to_datetime(answer.headers["date"])
    ends = _EXPIRES.findall(answer.headers.get("set-cookie", ""))
    return [parsedate_to_datetime(end) - made for end in ends]


def _body(answer: Answer) -> Any:
    if "json" in answer.headers.get("content-type", ""):
        try:
            return json.loads(answer.body)
        except ValueError:
            pass
    return answer.body.decode("utf-8", "backslashreplace")


def _apart(one: Any, two: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(one, dict) and isinstance(two, dict):
        for key in [*one, *(key for key in two if key not in one)]:
            yield from _apart(one.get(key, _Absent), two.get(key, _Absent), f"{path}.{key}")
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for at, (left, right) in enumerate(zip(one, two, strict=True)):
            yield from _apart(left, right, f"{path}[{at}]")
    elif not _same(one, two):
        yield path, _shown(one), _shown(two)


class _Absent:
    """Stands for a key that one side has not."""


def _same(one: Any, two: Any) -> bool:
    if isinstance(one, float) and isinstance(two, float) and math.isnan(one):
        return math.isnan(two)
    return type(one) is type(two) and bool(one == two)


def _shown(value: Any) -> str:
    if value is _Absent:
        return ABSENT
    return value if isinstance(value, str) else json.dumps(value)
