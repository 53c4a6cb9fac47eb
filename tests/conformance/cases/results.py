"""What run() returns or raises."""

from tests.conformance.asking import post, text
from tests.conformance.cases.script import Script

RETURNS = Script(
    "returns",
    """
import collections, dataclasses, datetime, decimal, enum, json, uuid
import numpy as np
import pandas as pd

@dataclasses.dataclass
class Point:
    x: int
    y: float

class Colour(enum.Enum):
    RED = "red"

class Odd:
    pass

VALUES = {
    "none": None,
    "text": "[1.0]",
    "list": [1, 2.5, None, True, "ü"],
    "dict": {"a": {"b": [1]}, 2: 3, None: 4, True: 5},
    "number": 1.5,
    "integer": 10 ** 30,
    "boolean": False,
    "tuple": (1, (2, 3)),
    "ordered": collections.OrderedDict(b=1, a=2),
    "named-tuple": collections.namedtuple("Pair", "x y")(1, 2),
    "dumped": json.dumps([1.0, 2.0]),
    "nan": [float("nan"), 1.0],
    "infinity": {"low": float("-inf"), "high": float("inf")},
    "array": np.array([[1, 2], [3, 4]]),
    "array-inside": {"result": np.array([1.5, np.nan])},
    "scalar": np.float32(1.5),
    "double": np.float64(2.5),
    "integer-scalar": np.int64(7),
    "frame": pd.DataFrame({"a": [1, 2], "b": ["x", None]}),
    "series": pd.Series([1, 2]),
    "date": datetime.date(2019, 1, 2),
    "time": datetime.datetime(2019, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
    "bytes": b"abc",
    "dataclass": Point(1, 2.5),
    "enum": Colour.RED,
    "decimal": decimal.Decimal("1.50"),
    "uuid": uuid.UUID(int=1),
    "set": {1},
    "range": range(3),
    "odd": Odd(),
    "tuple-key": {(1, 2): 3},
}

def init():
    pass

def run(data):
    return VALUES[json.loads(data)]
""",
    tuple(
        post(name, name)
        for name in [
            "none",
            "text",
            "list",
            "dict",
            "number",
            "integer",
            "boolean",
            "tuple",
            "ordered",
            "named-tuple",
            "dumped",
            "nan",
            "infinity",
            "array",
            "array-inside",
            "scalar",
            "double",
            "integer-scalar",
            "frame",
            "series",
            "date",
            "time",
            "bytes",
            "dataclass",
            "enum",
            "decimal",
            "uuid",
            "set",
            "range",
            "odd",
            "tuple-key",
        ]
    ),
)

RAISES = Script(
    "raises",
    """
import json, sys
import helper

class Mute(Exception):
    def __str__(self):
        raise RuntimeError

def init():
    pass

def run(data):
    what = json.loads(data)
    if what == "value":
        raise ValueError("too many rooms")
    if what == "nested":
        return helper.deeper({})
    if what == "exit":
        sys.exit(2)
    if what == "mute":
        raise Mute()
    if what == "recursion":
        return run(data)
    return what
""",
    (
        post("value", "value"),
        post("nested", "nested"),
        post("exit", "exit"),
        post("mute", "mute"),
        post("recursion", "recursion"),
        text("inside-a-library", "{"),
        post("and-goes-on", "fine"),
    ),
    files={"helper.py": "def deeper(rows):\n    return rows['missing']\n"},
)

CAUGHT = Script(
    "caught",
    """
import json

def init():
    pass

def run(data):
    try:
        return json.loads(data)["rows"]
    except Exception as e:
        return str(e)
""",
    (post("right", {"rows": [1]}), post("wrong", {})),
)

TIMEOUT = Script(
    "timeout",
    """
import json, time

def init():
    pass

def run(data):
    what = json.loads(data)
    try:
        time.sleep(what["sleep"])
    except Exception:
        if not what.get("stubborn"):
            raise
        time.sleep(1)
    return "done"
""",
    (
        post("in-time", {"sleep": 0}),
        post("too-long", {"sleep": 5}),
        post("catches-everything", {"sleep": 5, "stubborn": True}),
        post("and-goes-on", {"sleep": 0}),
    ),
    variables={"SCORING_TIMEOUT_MS": "500"},
)

FLASK = Script(
    "flask",
    """
import json
import flask

def init():
    pass

def run(data):
    what = json.loads(data)
    if what == "response":
        return flask.Response("hello", status=201, mimetype="text/plain", headers={"x-a": "b"})
    if what == "made":
        answer = flask.make_response(b"\\x89PNG", 200)
        answer.headers["Content-Type"] = "image/png"
        answer.set_cookie("a", "1")
        answer.set_cookie("b", "2")
        return answer
    if what == "jsonify":
        return flask.jsonify({"b": 1, "a": [2]})
    if what == "failed":
        return flask.Response("down", status=503)
    if what == "redirect":
        return flask.redirect("/elsewhere")
    if what == "stream":
        return flask.Response((piece for piece in ("a", "b")), mimetype="text/plain")
    if what == "abort":
        flask.abort(418)
    if what == "request":
        return [flask.request.method, flask.request.path]
""",
    tuple(
        post(name, name)
        for name in [
            "response",
            "made",
            "jsonify",
            "failed",
            "redirect",
            "stream",
            "abort",
            "request",
        ]
    ),
)

SCRIPTS = (RETURNS, RAISES, CAUGHT, TIMEOUT, FLASK)
