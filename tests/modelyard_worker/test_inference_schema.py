"""Scripts with Microsoft's own inference-schema, in an environment that has it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PACKAGES = ["inference-schema", "pandas", "numpy"]


@pytest.fixture(scope="session")
def environment() -> str:
    """The interpreter of a venv with inference-schema; made once per machine."""
    folder = Path.home() / ".cache/modelyard-tests" / f"schema-3.{sys.version_info.minor}"
    python = folder / "bin/python"
    if (folder / "complete").exists():
        return str(python)
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if uv is None:
        pytest.skip("uv is not on the PATH")
    subprocess.run([uv, "venv", "-q", "--clear", "-p", sys.executable, folder], check=True)
    subprocess.run([uv, "pip", "install", "-q", "-p", python, *PACKAGES], check=True)
    (folder / "complete").touch()
    return str(python)


NUMPY = """
import numpy as np
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType

@input_schema("data", NumpyParameterType(np.array([[1.0, 2.0]])))
@output_schema(NumpyParameterType(np.array([1.0])))
def run(data):
    assert data.dtype == float
    return data.sum(axis=1)
"""

PANDAS = """
import datetime
import numpy as np, pandas as pd
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

sample = pd.DataFrame({"age": [30], "rooms": [2.0], "city": ["Ulm"]})

@input_schema("data", PandasParameterType(sample{options}))
@input_schema("method", StandardPythonParameterType("predict"))
def run(data, method="predict"):
    return {"columns": list(data.columns), "frame": data, "method": method}
"""

NESTED = """
import datetime
import pandas as pd
from inference_schema.schema_decorators import input_schema
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

inner = StandardPythonParameterType({
    "frame": PandasParameterType(pd.DataFrame({"age": [30]})),
    "day": StandardPythonParameterType(datetime.date(2019, 1, 2)),
})

@input_schema("inputs", inner)
def run(inputs):
    return [inputs["frame"], inputs["day"].year]
"""


def pandas_script(options: str = "") -> str:
    return PANDAS.replace("{options}", options)


def test_a_decorated_run_gets_arrays_and_returns_them(serve, environment):
    worker = serve(NUMPY, environment)

    answer = worker.score({"data": [[1, 2], [3, 4]], "extra": 1})

    assert answer.json == [3.0, 7.0]


def test_the_schemas_of_each_version_are_told(launch, environment):
    ready = launch(NUMPY, environment).greet().head

    assert ready["decorated"] is True
    assert ready["parameters"] == ["data"]
    assert ready["required"] == ["data"]
    assert sorted(ready["input_schema"]) == ["2.0", "3.0", "3.1"]
    assert ready["input_schema"]["3.0"]["properties"]["data"]["format"] == "numpy.ndarray"
    assert ready["input_schema"]["3.0"]["example"] == {"data": [[1.0, 2.0]]}
    assert ready["output_schema"]["2.0"]["type"] == "array"
    assert {"numpy", "pandas", "inference-schema"} <= set(ready["packages"])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "POST body is empty. Expecting a JSON dictionary."),
        (b"{", "POST body could not be decoded as JSON: "),
        (b"[1]", "POST body should be a JSON dictionary."),
        (b"null", "POST body should be a JSON dictionary."),
        (b'{"other": 1}', "A value is not provided for the 'data' parameter."),
        (b'{"data": "\xff"}', "Input cannot be decoded as UTF-8: "),
        (
            b'{"data": [["a", 1]]}',
            "Input 'data[0][0]' cannot be used: could not convert string to float",
        ),
        (b'{"data": [[1, 2, 3]]}', "Input 'data[0]' cannot be used: Invalid input array: "),
        (b'{"data": [[1, 2], [3]]}', "Input 'data[1]' cannot be used: Invalid input array: "),
        (b'{"data": 1}', "Input 'data' cannot be used: Invalid input format: "),
    ],
)
def test_what_cannot_be_used_is_400_and_names_the_field(serve, environment, body, message):
    worker = serve(NUMPY, environment)

    answer = worker.score(body, headers={"content-type": "application/json; charset=utf-8"})

    assert answer.status == 400
    assert answer.json["message"].startswith(message)
    assert answer.json["code"] == "bad_input"
    assert answer.headers["x-ms-run-function-failed"] == "False"
    assert "Traceback" not in worker.log


def test_another_content_type_is_415_and_get_takes_the_query(serve, environment):
    worker = serve(NUMPY, environment)

    assert worker.score(b"data=1", headers={"content-type": "text/plain"}).status == 415
    assert worker.score(b'{"data": [[1, 2]]}').status == 415
    assert worker.score(method="GET", query="data=[[1,2]]").json == [3.0]


def test_an_assertion_of_the_script_stays_a_500(serve, environment):
    worker = serve(NUMPY.replace("data.dtype == float", "len(data) < 2"), environment)

    answer = worker.score({"data": [[1, 2], [3, 4]]})

    assert answer.status == 500
    assert "AssertionError" in answer.json["message"]


@pytest.mark.parametrize("options", ["", ", apply_column_names=True", ", enforce_shape=False"])
def test_columns_are_found_by_name_in_any_order(serve, environment, options):
    worker = serve(pandas_script(options), environment)

    answer = worker.score(
        {"data": [{"city": "Bonn", "rooms": 3, "age": 1}, {"age": 2, "city": "Kiel", "rooms": 4}]}
    )

    assert answer.json["columns"] == ["age", "rooms", "city"]
    assert answer.json["frame"] == [
        {"age": 1, "rooms": 3.0, "city": "Bonn"},
        {"age": 2, "rooms": 4.0, "city": "Kiel"},
    ]
    assert answer.json["method"] == "predict"


@pytest.mark.parametrize(
    ("row", "field", "message"),
    [
        ({"age": 1, "rooms": 2}, "data.city", "column 'city' is missing"),
        (
            {"age": 1, "rooms": 2, "town": "x"},
            "data.city",
            "column 'city' is missing; column 'town' is unknown",
        ),
        (
            {"age": 1, "rooms": 2, "city": "x", "a": 1, "b": 2},
            "data",
            "columns 'a', 'b' are unknown",
        ),
        ({"age": "old", "rooms": 2, "city": "x"}, "data[0].age", "invalid literal for int()"),
    ],
)
def test_wrong_columns_are_named(serve, environment, row, field, message):
    worker = serve(pandas_script(), environment)

    answer = worker.score({"data": [row], "method": "predict"})

    assert answer.status == 400
    assert answer.json["field"] == field
    assert answer.json["message"].startswith(f"Input '{field}' cannot be used: {message}")


def test_a_wrong_second_parameter_is_named(serve, environment):
    worker = serve(pandas_script(), environment)

    answer = worker.score({"data": [{"age": 1, "rooms": 2, "city": "x"}], "method": 5})

    assert (answer.status, answer.json["field"]) == (400, "method")


def test_nested_inputs_are_named_by_their_path(serve, environment):
    worker = serve(NESTED, environment)

    right = worker.score({"inputs": {"frame": [{"age": 3}], "day": "2020-02-03"}})
    wrong = worker.score({"inputs": {"frame": [{"agee": 3}], "day": "2020-02-03"}})

    assert right.json == [[{"age": 3}], 2020]
    assert (wrong.status, wrong.json["field"]) == (400, "inputs.frame.age")


def test_both_decorators_at_once_are_refused_before_anything_is_served(launch, environment):
    script = "from azureml.contrib.services.aml_request import rawhttp\n" + NUMPY.replace(
        "def run(data)", "@rawhttp\ndef run(data)"
    )

    fault = launch(script, environment).greet().head

    assert "cannot be decorated with both" in fault["message"]


def test_series_and_times_of_pandas_are_encoded(serve, environment):
    worker = serve(
        """
        import pandas as pd, numpy as np

        def run(data):
            times = pd.to_datetime(["2019-01-02 03:00", None])
            frame = pd.DataFrame({"t": times, "d": pd.to_timedelta([60, None], unit="s")})
            return {"series": pd.Series([1, np.nan]), "times": times, "frame": frame,
                    "na": [pd.NA, pd.NaT, pd.Timestamp("2019-01-02")],
                    "category": pd.Series(["a", "b"], dtype="category"), "index": frame.index}
        """,
        environment,
    )

    answer = worker.score("a").json

    assert answer["series"] == [1.0, None]
    assert [text and text[:16] for text in answer["times"]] == ["2019-01-02T03:00", None]
    assert answer["frame"] == [
        {"t": "2019-01-02T03:00:00", "d": 60.0},
        {"t": None, "d": None},
    ]
    assert answer["na"] == [None, None, "2019-01-02T00:00:00"]
    assert (answer["category"], answer["index"]) == (["a", "b"], [0, 1])


@pytest.mark.parametrize(
    ("orient", "data", "field"),
    [
        ("records", [{"age": 1, "size": 2}, {"age": "old", "size": 2}], "data[1].age"),
        ("values", [[1, 2], [1, "big"]], "data[1][1]"),
        ("split", {"columns": ["age", "size"], "data": [[1, 2], ["old", 2]]}, "data.data[1][0]"),
        ("index", {"a": {"age": 1, "size": 2}, "b": {"age": 1, "size": "x"}}, "data.b.size"),
        ("columns", {"age": {"a": 1, "b": "old"}, "size": {"a": 2, "b": 3}}, "data.age.b"),
        ("columns", {"age": {"a": 1}}, "data.size"),
        ("split", {"columns": ["age"], "data": [[1]]}, "data.size"),
        ("split", [{"age": 1, "size": 2}], "data"),
    ],
)
def test_the_way_to_a_wrong_value_is_told_in_every_orient(serve, environment, orient, data, field):
    names = "[0, 1]" if orient == "values" else '["age", "size"]'
    worker = serve(
        f"""
        import pandas as pd
        from inference_schema.schema_decorators import input_schema
        from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType

        sample = pd.DataFrame([[1, 2.5]], columns={names})

        @input_schema("data", PandasParameterType(sample, orient="{orient}"))
        def run(data):
            return len(data)
        """,
        environment,
    )

    answer = worker.score({"data": data})

    assert (answer.status, answer.json["field"]) == (400, field), answer.json


def test_a_value_among_very_many_is_found_quickly(serve, environment):
    worker = serve(NUMPY, environment)
    rows = [[1, 2]] * 100_000
    right = worker.score({"data": rows})

    wrong = worker.score({"data": [*rows, [3, "x"], *rows[:10]]})

    assert wrong.json["field"] == "data[100000][1]"
    assert wrong.run_ms < 20 * right.run_ms


def test_what_curl_sends_without_a_content_type_is_taken_when_it_is_json(serve, environment):
    worker = serve(NUMPY, environment)
    form = {"content-type": "application/x-www-form-urlencoded"}

    assert worker.score(b'{"data": [[1, 2]]}', headers=form).json == [3.0]
    assert worker.score(b"data=1", headers=form).status == 415


def test_numbers_and_texts_of_columns_named_like_times_stay_what_they_are(serve, environment):
    worker = serve(
        """
        import pandas as pd
        from inference_schema.schema_decorators import input_schema
        from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType

        sample = pd.DataFrame({"timestamp": [1], "date": ["a"], "when": [pd.Timestamp("2019")],
                               "size": [0.5]})

        @input_schema("data", PandasParameterType(sample))
        def run(data):
            return data
        """,
        environment,
    )
    row = {"timestamp": 1600000000, "date": "2020-02-03T00:00:00", "when": "2020-01-02",
           "size": 0.1234567890123456}  # fmt: skip

    answer = worker.score({"data": [row]})

    assert answer.json == [{**row, "when": "2020-01-02T00:00:00"}]
