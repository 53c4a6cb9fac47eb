"""``@input_schema`` and ``@output_schema`` with numpy, standard and nested types."""

from tests.conformance.asking import FORM, get, other, post, text
from tests.conformance.cases.script import Script

SWAGGERS = (
    get("swagger-none", "/swagger.json"),
    get("swagger-blank", "/swagger.json?version="),
    *(
        get(f"swagger-{version}", f"/swagger.json?version={version}")
        for version in ("2", "2.0", "3", "3.0", "3.1", "9")
    ),
)

IMPORTS = """
import datetime
import numpy as np
import pandas as pd
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

def init():
    pass
"""

NUMPY = Script(
    "numpy",
    IMPORTS
    + """
@input_schema("data", NumpyParameterType(np.array([[1.0, 2.0]])))
@output_schema(NumpyParameterType(np.array([1.0])))
def run(data):
    return {"dtype": str(data.dtype), "shape": list(data.shape), "data": data.tolist()}
""",
    (
        post("right", {"data": [[1, 2], [3, 4]]}),
        post("extra-key", {"data": [[1, 2]], "more": 1}),
        post("numbers-as-text", {"data": [["1", "2"]]}),
        post("null-inside", {"data": [[None, 1]]}),
        post("no-rows", {"data": []}),
        post("word", {"data": [[1, 2], ["a", 3]]}),
        post("columns", {"data": [[1, 2, 3]]}),
        post("ragged", {"data": [[1, 2], [3]]}),
        post("dimensions", {"data": [1, 2]}),
        post("scalar", {"data": 1}),
        post("null", {"data": None}),
        post("missing", {"other": 1}),
        post("list", [1]),
        post("json-null", None),
        text("empty", ""),
        text("broken", "{"),
        text("not-utf-8", b'{"data": "\xff"}'),
        text("without-content-type", '{"data": [[1, 2]]}', {}),
        text("text-plain", '{"data": [[1, 2]]}', {"content-type": "text/plain"}),
        text("form", '{"data": [[1, 2]]}', FORM),
        text("form-fields", "data=1", FORM),
        text("charset", '{"data": [[1, 2]]}', {"content-type": "application/json; charset=utf-8"}),
        text("json-suffix", '{"data": [[1, 2]]}', {"content-type": "application/vnd.a+json"}),
        get("query", "/score?data=%5B%5B1%2C2%5D%5D"),
        get("no-query", "/score"),
        other("put", "PUT"),
        other("options", "OPTIONS"),
        *SWAGGERS,
    ),
)

TYPES = Script(
    "numpy-types",
    IMPORTS
    + """
record = np.array([(1, 2.5, "a")], dtype=[("id", "i4"), ("size", "f8"), ("name", "U5")])

@input_schema("whole", NumpyParameterType(np.array([1, 2])))
@input_schema("words", NumpyParameterType(np.array(["ab", "cd"])))
@input_schema("flags", NumpyParameterType(np.array([True])))
@input_schema("days", NumpyParameterType(np.array(["2019-01-02"], dtype="datetime64[D]")))
@input_schema("spans", NumpyParameterType(np.array([60], dtype="timedelta64[s]")))
@input_schema("records", NumpyParameterType(record))
@input_schema("free", NumpyParameterType(np.array([[1]]), enforce_column_type=False,
                                         enforce_shape=False))
def run(whole=None, words=None, flags=None, days=None, spans=None, records=None, free=None):
    given = [whole, words, flags, days, spans, records, free]
    return [[str(each.dtype), each.tolist() if each.dtype.kind not in "mMV"
             else each.astype(str).tolist() if each.dtype.kind != "V"
             else [list(map(str, row)) for row in each.tolist()]]
            for each in given if each is not None]
""",
    (
        post("whole", {"whole": [1, 2, 3]}),
        post("all", {"whole": [1], "words": ["x"], "flags": [False], "days": ["2020-02-03"],
                     "spans": ["5 seconds"], "records": [{"id": 1, "size": 2, "name": "b"}],
                     "free": [1.5]}),
        post("record-as-list", {"whole": [1], "words": [], "flags": [], "days": [], "spans": [],
                                "records": [[1, 2, "b"]], "free": []}),
        post("record-without-a-field", {"whole": [1], "words": [], "flags": [], "days": [],
                                        "spans": [], "records": [{"id": 1}], "free": []}),
        post("bad-day", {"whole": [1], "words": [], "flags": [], "days": ["soon"], "spans": [],
                         "records": [], "free": []}),
        *SWAGGERS,
    ),
)  # fmt: skip

STANDARD = Script(
    "standard",
    IMPORTS
    + """
@input_schema("number", StandardPythonParameterType(1.5))
@input_schema("count", StandardPythonParameterType(3))
@input_schema("word", StandardPythonParameterType("a"))
@input_schema("flag", StandardPythonParameterType(True))
@input_schema("items", StandardPythonParameterType([1, 2]))
@input_schema("mapping", StandardPythonParameterType({"a": 1}))
@input_schema("moment", StandardPythonParameterType(datetime.datetime(2019, 1, 2)))
@input_schema("hour", StandardPythonParameterType(datetime.time(3, 4)))
@input_schema("blob", StandardPythonParameterType(b"abc"))
@output_schema(StandardPythonParameterType({"result": [1.0]}))
def run(number, count=2, word="w", flag=False, items=[0], mapping={"b": 2},
        moment="2020-01-01", hour="01:02", blob="YQ=="):
    return [number, count, word, flag, items, mapping, str(moment), str(hour), str(blob)]
""",
    (
        post("only-one", {"number": 2.5}),
        post("whole-number", {"number": 2}),
        post("all", {"number": 1.0, "count": 1, "word": "x", "flag": True, "items": ["b", 1],
                     "mapping": {"z": None}, "moment": "2021-02-03T04:05:06Z", "hour": "05:06",
                     "blob": "YWJj"}),
        post("text-for-number", {"number": "2.5"}),
        post("text-for-count", {"number": 1, "count": "3"}),
        post("number-for-word", {"number": 1, "word": 5}),
        post("object-for-list", {"number": 1, "items": {"a": 1}}),
        post("list-for-object", {"number": 1, "mapping": [1]}),
        post("bad-moment", {"number": 1, "moment": "soon"}),
        post("bad-base64", {"number": 1, "blob": "*"}),
        post("null", {"number": None}),
        get("query", "/score?number=1.5&count=4&word=five"),
        *SWAGGERS,
    ),
)  # fmt: skip

DATE = Script(
    "date",
    IMPORTS
    + """
@input_schema("day", StandardPythonParameterType(datetime.date(2019, 1, 2)))
def run(day):
    return [day.year, day.month, day.day]
""",
    (post("right", {"day": "2020-02-03"}), post("wrong", {"day": "soon"}), *SWAGGERS),
)

NESTED = Script(
    "nested",
    IMPORTS
    + """
row = StandardPythonParameterType({
    "age": StandardPythonParameterType(30),
    "place": StandardPythonParameterType({"city": StandardPythonParameterType("Ulm")}),
})
inputs = StandardPythonParameterType({
    "frame": PandasParameterType(pd.DataFrame({"age": [30], "city": ["Ulm"]})),
    "matrix": NumpyParameterType(np.array([[1.0, 2.0]])),
    "rows": StandardPythonParameterType([row]),
    "free": 5,
})

@input_schema("Inputs", inputs)
@input_schema("GlobalParameters", StandardPythonParameterType(1.0))
@output_schema(StandardPythonParameterType({"Results": NumpyParameterType(np.array([1.0]))}))
def run(Inputs, GlobalParameters=1.0):
    frame = Inputs.get("frame")
    matrix = Inputs.get("matrix")
    return [None if frame is None else [list(frame.columns), frame.to_dict("records")],
            None if matrix is None else matrix.tolist(), Inputs.get("rows"), Inputs.get("free"),
            GlobalParameters]
""",
    (
        post("right", {"Inputs": {"frame": [{"age": 1, "city": "x"}], "matrix": [[1, 2]],
                                  "rows": [{"age": 1, "place": {"city": "y"}}], "free": "z"},
                       "GlobalParameters": 2}),
        post("partly", {"Inputs": {"matrix": [[1, 2]]}}),
        post("no-object", {"Inputs": [1]}),
        post("wrong-frame", {"Inputs": {"frame": [{"agee": 1, "city": "x"}]}}),
        post("wrong-matrix", {"Inputs": {"matrix": [[1, "b"]]}}),
        post("wrong-row", {"Inputs": {"rows": [{"age": 1}, {"age": "old"}]}}),
        post("wrong-deep", {"Inputs": {"rows": [{"place": {"city": 5}}]}}),
        post("wrong-list", {"Inputs": {"rows": {"age": 1}}}),
        *SWAGGERS,
    ),
)  # fmt: skip

MIXED = Script(
    "mixed",
    IMPORTS
    + """
@input_schema("items", StandardPythonParameterType([1, "a"]))
def run(items):
    return items
""",
    (post("right", {"items": [1, "b"]}), *SWAGGERS),
)

OUTPUT_ONLY = Script(
    "output-only",
    IMPORTS
    + """
@output_schema(NumpyParameterType(np.array([1.0])))
def run(data):
    return data
""",
    (post("right", {"data": [1]}), text("text", "abc", {"content-type": "text/plain"}), *SWAGGERS),
)

BOTH = Script(
    "both-decorators",
    "from azureml_inference_server_http.api.aml_request import rawhttp\n"
    + IMPORTS
    + """
@rawhttp
@input_schema("data", NumpyParameterType(np.array([[1.0]])))
def run(data):
    return 1
""",
    (),
)

SCRIPTS = (NUMPY, TYPES, STANDARD, DATE, NESTED, MIXED, OUTPUT_ONLY, BOTH)
