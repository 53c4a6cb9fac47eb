import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelyard.domain.errors import BadInput, MissingExtra
from modelyard.domain.samples import ARRAY
from modelyard.sdk import samples
from modelyard.sdk.samples import Sample, wired


def sent(value: Any) -> list[tuple[str, str, list[int], list[Any]]]:
    tensors = wired(value, "sample_input_dataset", lambda _: None)
    return [(t.name, t.datatype, t.shape, t.data) for t in tensors]


def test_a_data_frame_is_a_tensor_a_column() -> None:
    frame = pd.DataFrame(
        {
            "age": [31, 40],
            "pay": np.array([1.5, np.nan], dtype=np.float32),
            "name": ["a", None],
            "old": [True, False],
            "when": pd.to_datetime(["2026-01-02", "2026-01-03"]),
        }
    )

    assert sent(frame) == [
        ("age", "INT64", [2, 1], [31, 40]),
        ("pay", "FP32", [2, 1], [1.5, None]),
        ("name", "BYTES", [2, 1], ["a", None]),
        ("old", "BOOL", [2, 1], [True, False]),
        ("when", "BYTES", [2, 1], ["2026-01-02T00:00:00", "2026-01-03T00:00:00"]),
    ]


def test_integers_with_a_gap_are_numbers() -> None:
    frame = pd.DataFrame({"n": pd.array([1, None], dtype="Int64")})

    assert sent(frame) == [("n", "FP64", [2, 1], [1.0, None])]


def test_categories_are_texts() -> None:
    frame = pd.DataFrame({"c": pd.Categorical(["x", "y"])})

    assert sent(frame) == [("c", "BYTES", [2, 1], ["x", "y"])]


def test_a_series_has_one_dimension() -> None:
    assert sent(pd.Series(["good", "bad"])) == [(ARRAY, "BYTES", [2], ["good", "bad"])]


def test_an_array_keeps_type_and_shape() -> None:
    array = np.arange(12, dtype=np.int32).reshape(2, 3, 2)

    assert sent(array) == [(ARRAY, "INT32", [2, 3, 2], list(range(12)))]
    assert sent(np.array([["a"], ["b"]])) == [(ARRAY, "BYTES", [2, 1], ["a", "b"])]


@pytest.mark.parametrize(
    ("rows", "tensors"),
    [
        pytest.param(
            [{"a": 1, "b": "x"}, {"a": 2}],
            [("a", "INT64", [2, 1], [1, 2]), ("b", "BYTES", [2, 1], ["x", None])],
            id="records",
        ),
        pytest.param(
            [[1, 2.5], [3, 4]], [(ARRAY, "FP64", [2, 2], [1.0, 2.5, 3.0, 4.0])], id="rows"
        ),
        pytest.param([[1], [2]], [(ARRAY, "INT64", [2, 1], [1, 2])], id="whole numbers"),
        pytest.param(["a", "b"], [(ARRAY, "BYTES", [2], ["a", "b"])], id="texts"),
        pytest.param(
            {"a": [1, 2], "b": [0.5, 1]},
            [("a", "INT64", [2, 1], [1, 2]), ("b", "FP64", [2, 1], [0.5, 1.0])],
            id="columns",
        ),
        pytest.param(
            {"columns": ["a", "b"], "index": [0], "data": [[1, "x"]]},
            [("a", "INT64", [1, 1], [1]), ("b", "BYTES", [1, 1], ["x"])],
            id="split",
        ),
        pytest.param({"data": [[1]]}, [(ARRAY, "INT64", [1, 1], [1])], id="a request's body"),
        pytest.param(
            {"left": [[1, 2]], "right": [[3]]},
            [("left", "INT64", [1, 2], [1, 2]), ("right", "INT64", [1, 1], [3])],
            id="arrays by name",
        ),
    ],
)
def test_plain_values_are_samples_too(rows: Any, tensors: Any) -> None:
    assert sent(rows) == tensors


def test_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("age,pay,name,ok\n31,1.5,a,true\n40,,b,false\n")
    (tmp_path / "s.json").write_text(json.dumps([{"a": 1}]))
    (tmp_path / "s.jsonl").write_text('{"a": 1}\n{"a": 2}\n')
    np.save(tmp_path / "s.npy", np.zeros((500, 2)))

    assert sent(tmp_path / "s.csv") == [
        ("age", "INT64", [2, 1], [31, 40]),
        ("pay", "FP64", [2, 1], [1.5, None]),
        ("name", "BYTES", [2, 1], ["a", "b"]),
        ("ok", "BOOL", [2, 1], [True, False]),
    ]
    assert sent(str(tmp_path / "s.json")) == [("a", "INT64", [1, 1], [1])]
    assert sent(tmp_path / "s.jsonl") == [("a", "INT64", [2, 1], [1, 2])]
    assert sent(tmp_path / "s.npy")[0][:3] == (ARRAY, "FP64", [100, 2])


def test_a_dataset_of_azures_kind_is_asked_for_its_first_rows() -> None:
    class Tabular:
        def __init__(self, frame: pd.DataFrame) -> None:
            self.frame = frame

        def take(self, count: int) -> "Tabular":
            return Tabular(self.frame.head(count))

        def to_pandas_dataframe(self) -> pd.DataFrame:
            assert len(self.frame) < 200
            return self.frame

    assert sent(Tabular(pd.DataFrame({"a": range(5000)})))[0][2] == [100, 1]


def test_what_is_cut_off_is_said() -> None:
    said: list[str] = []

    wired([[1]] * 101, "sample_input_dataset", said.append)
    wired([["x" * 300_000]] * 8, "sample_input_dataset", said.append)

    assert said == [
        "sample_input_dataset: the first 100 rows are kept (100 rows at most).",
        "sample_input_dataset: the first 2 rows are kept (1000 kB at most).",
    ]


def test_nothing_given_is_nothing_sent() -> None:
    assert sent(None) == []


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (42, "cannot be of type int"),
        ([], "has no rows"),
        (pd.DataFrame({"a": []}), "has no rows"),
        ([[1], [2, 3]], "rows of different lengths"),
        ([[1, "a"]], "numbers and texts together without names"),
        ({"a": [1], "b": [1, 2]}, "columns of different lengths"),
        ({"a": 1}, "no list under 'a'"),
        (np.float64(1), "single value"),
        ("nowhere.csv", "no file 'nowhere.csv'"),
        ([["x" * 2_000_000]], "first row of sample_input_dataset alone is over"),
    ],
)
def test_what_is_no_sample_is_refused_with_what_is(value: Any, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        sent(value)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("s.csv", "a,b\n1\n", "row of 1 values under 2 columns"),
        ("s.csv", "a,a\n1,2\n", "a name of its own"),
        ("s.json", "{", "cannot be read"),
        ("s.xls", "", r"cannot be a file named \*.xls"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(BadInput, match=says):
        sent(tmp_path / name)


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(samples, "import_module", missing)
    (tmp_path / "s.parquet").touch()

    with pytest.raises(MissingExtra, match="needs pandas"):
        sent(tmp_path / "s.parquet")


def test_a_sample_comes_back_as_rows_frame_and_array() -> None:
    frame = Sample([dict(zip(("name", "datatype", "shape", "data"), t, strict=True))
                    for t in sent([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}])])  # fmt: skip
    array = Sample([dict(zip(("name", "datatype", "shape", "data"), t, strict=True))
                    for t in sent([[[1, 2]], [[3, 4]]])])  # fmt: skip

    assert frame.to_list() == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    assert list(frame.to_pandas_dataframe().columns) == ["a", "b"]
    assert sent(frame) == sent([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}])
    assert array.to_list() == [[[1, 2]], [[3, 4]]]
    assert array.to_numpy().shape == (2, 1, 2)
    assert repr(frame) == "Sample(2 rows of a, b)"
    assert len(array) == 2
