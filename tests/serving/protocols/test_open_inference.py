import gzip
import json
import struct
from typing import Any

import pytest

from modelyard.serving.protocols import v2_request
from modelyard.serving.refusals import Refusal
from tests.serving.fronts import Answer, Front
from tests.serving.models import COLUMNS

INFER = "/v2/models/people/infer"
COLUMN = [{"name": n, "shape": [2], "datatype": "FP32", "data": [1, 0]} for n in COLUMNS]
RESULTS = [pytest.approx(6.5), pytest.approx(0.5)]


def infer(front: Front, path: str = INFER, **body: Any) -> Answer:
    return front.ask("POST", path, body)


def test_the_server_and_the_model_describe_themselves(linear: Front) -> None:
    server = linear.ask("GET", "/v2").json
    model = linear.ask("GET", "/v2/models/people").json

    assert server["name"] == "modelyard"
    assert "binary_tensor_data" in server["extensions"]
    assert model["name"] == "people"
    assert model["versions"] == ["blue", "1", "3"]
    assert model["inputs"] == [
        {"name": name, "datatype": "FP64", "shape": [-1, 1]} for name in COLUMNS
    ]
    assert model["outputs"] == [{"name": "predict", "datatype": "FP64", "shape": [-1]}]


@pytest.mark.parametrize(
    "path",
    ["/v2/health/live", "/v2/health/ready", "/v2/models/prices/ready",
     "/v2/models/people/versions/3/ready", "/v2/models/prices/versions/blue"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_pages_answer(linear: Front, path: str, method: str) -> None:
    assert linear.ask(method, path).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/other", 404),
        ("GET", "/v2/models/people/versions/9", 404),
        ("POST", "/v2/models/other/infer", 404),
        ("GET", "/v2/anything", 404),
        ("GET", INFER, 405),
        ("DELETE", "/v2", 405),
    ],
)
def test_what_is_not_there_has_triton_s_error(
    linear: Front, method: str, path: str, status: int
) -> None:
    answer = linear.ask(method, path)

    assert answer.status == status
    assert list(answer.json) == ["error"]


def test_the_models_are_listed(linear: Front) -> None:
    answer = linear.ask("POST", "/v2/repository/index", {})

    assert answer.json == [{"name": "prices", "version": "blue", "state": "READY", "reason": ""}]


def test_json_tensors_go_in_and_out(linear: Front) -> None:
    answer = infer(linear, id="seven", inputs=COLUMN)

    assert answer.json == {
        "id": "seven",
        "model_name": "people",
        "model_version": "blue",
        "outputs": [{"name": "predict", "datatype": "FP64", "shape": [2], "data": RESULTS}],
    }


def test_a_matrix_stands_for_all_columns(linear: Front) -> None:
    matrix = {"name": "anything", "shape": [2, 3], "datatype": "INT64", "data": [1, 1, 1, 0, 0, 0]}

    answer = infer(linear, inputs=[matrix], outputs=[{"name": "predict"}])

    assert answer.json["outputs"][0]["data"] == RESULTS


def test_binary_tensors_go_in_and_out(linear: Front) -> None:
    tensors = [
        {"name": n, "shape": [2, 1], "datatype": "FP32", "parameters": {"binary_data_size": 8}}
        for n in COLUMNS
    ]
    wanted = [{"name": "predict", "parameters": {"binary_data": True}}]
    head = json.dumps({"inputs": tensors, "outputs": wanted}).encode()
    body = head + struct.pack("<2f", 1, 0) * 3

    answer = linear.ask("POST", INFER, body, {"Inference-Header-Content-Length": str(len(head))})

    length = int(answer.headers["inference-header-content-length"])
    output = json.loads(answer.body[:length])["outputs"][0]
    assert output["parameters"] == {"binary_data_size": 16}
    assert "data" not in output
    assert list(struct.unpack("<2d", answer.body[length:])) == RESULTS


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inputs": []}, "inputs is empty"),
        ({"inputs": [COLUMN[0]]}, "lacks the columns 'height', 'weight'"),
        ({"inputs": [{**COLUMN[0], "datatype": "FP99"}, *COLUMN[1:]]}, "inputs[0].datatype"),
        ({"inputs": [{**COLUMN[0], "shape": [3]}, *COLUMN[1:]]}, "has 2 values, the shape [3]"),
        ({"inputs": [{**COLUMN[0], "data": [1, "x"]}, *COLUMN[1:]]}, "inputs[0].data[1]"),
        ({"inputs": [COLUMN[0], *COLUMN]}, "has twice 'age'"),
        (
            {"inputs": COLUMN, "outputs": [{"name": "other"}]},
            "unexpected inference output 'other'",
        ),
        ({"inputs": COLUMN, "parameters": {"method": "fly"}}, "no method 'fly'"),
        ({"inputs": "age"}, "$.inputs"),
        ({}, "required field `inputs`"),
    ],
)
def test_a_wrong_request_is_a_400_that_names_the_place(
    linear: Front, change: dict[str, Any], words: str
) -> None:
    answer = infer(linear, **change)

    assert answer.status == 400
    assert words in answer.json["error"]


def test_a_method_is_chosen_by_parameter_or_by_the_output_s_name(classifier: Front) -> None:
    tensor = {"name": "input-0", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 3]}
    tensor["name"] = classifier.ask("GET", "/v2/models/people").json["inputs"][0]["name"]

    usual = infer(classifier, inputs=[tensor])
    asked = infer(classifier, inputs=[tensor], parameters={"method": "predict_proba"})
    named = infer(classifier, inputs=[tensor], outputs=[{"name": "predict_proba"}])

    assert usual.json["outputs"][0]["shape"] == [1]
    assert asked.json["outputs"][0]["shape"] == [1, 2]
    assert named.json["outputs"] == asked.json["outputs"]


def test_statistics_count_inferences_and_failures(linear: Front) -> None:
    def told() -> Any:
        return linear.ask("GET", "/v2/models/people/stats").json["model_stats"][0]

    before = told()
    infer(linear, inputs=COLUMN)
    after = told()

    assert after["inference_count"] == before["inference_count"] + 2
    assert after["execution_count"] == before["execution_count"] + 1
    stats, old = after["inference_stats"], before["inference_stats"]
    for part in ("success", "queue", "compute_input", "compute_infer", "compute_output"):
        assert stats[part]["count"] == old[part]["count"] + 1
        assert stats[part]["ns"] >= old[part]["ns"]
    assert after["last_inference"] > 1_600_000_000_000


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_an_answer_is_compressed_where_the_client_asks(linear: Front, encoding: str) -> None:
    many = [{**each, "shape": [500], "data": [1] * 500} for each in COLUMN]

    packed = linear.ask("POST", INFER, {"inputs": many}, {"accept-encoding": encoding})
    plain = linear.ask("POST", INFER, {"inputs": many})

    assert packed.headers["content-encoding"] == encoding
    assert "content-encoding" not in plain.headers
    if encoding == "gzip":
        assert gzip.decompress(packed.body) == plain.body


BINARY = [
    (b"", "5", "the body has 0 bytes"),
    (b"{}", "x", "Inference-Header-Content-Length"),
    (
        b'{"inputs":[{"name":"a","shape":[1],"datatype":"FP32"}]}',
        None,
        "inputs[0].data is missing",
    ),
    (b'{"inputs":[{"name":"a","shape":[-1],"datatype":"FP32","data":[]}]}', None, "impossible"),
    (b'{"inputs":[{"name":"a","shape":[0],"datatype":"FP32","data":[]}]}', None, "no values"),
    (b"{}", "9" * 5000, "the body has 2 bytes"),
    (
        b'{"inputs":[{"name":"a","shape":[' + b"9," * 200_000 + b'9],"datatype":"FP32"}]}',
        None,
        "200001 dimensions",
    ),
    (
        b'{"inputs":[' + b'{"name":"a","shape":[1],"datatype":"FP32"},' * 50_000
        + b'{"name":"a","shape":[1],"datatype":"FP32"}]}',
        None,
        "has twice 'a'",
    ),
]  # fmt: skip
"""The last two are large: what is quadratic would hold all other callers up for minutes."""


@pytest.mark.parametrize(
    ("body", "length", "words"), BINARY, ids=[words for _, _, words in BINARY]
)
def test_broken_requests_are_refused(body: bytes, length: str | None, words: str) -> None:
    with pytest.raises(Refusal) as refused:
        v2_request.read(body, length, missing=False)

    assert words in refused.value.message


@pytest.mark.parametrize(
    ("datatype", "shape", "data", "values"),
    [
        ("FP32", [2], struct.pack("<2f", 1.5, 2), [1.5, 2.0]),
        ("BF16", [2], struct.pack("<2f", 1.5, 2)[2:4] + struct.pack("<2f", 1.5, 2)[6:8], [1.5, 2]),
        ("INT64", [1, 1], struct.pack("<q", -3), [-3]),
        ("BOOL", [2], b"\x01\x00", [True, False]),
        ("BYTES", [2], b"\x02\0\0\0ab\0\0\0\0", ["ab", ""]),
        ("FP32", [2], b"1234", "other data"),
        ("BOOL", [1], b"\x02", "other than 0 and 1"),
        ("BYTES", [1], b"\xff\xff\xff\xff", "longer than the body"),
        ("BYTES", [2], b"\x02\0\0\0ab", "ends within a text"),
        ("BYTES", [1], b"\x01\0\0\0ab", "bytes are left"),
    ],
)
def test_binary_data_must_be_what_its_shape_says(
    datatype: str, shape: list[int], data: bytes, values: Any
) -> None:
    parameters = {"binary_data_size": len(data)}
    given = {"name": "a", "shape": shape, "datatype": datatype, "parameters": parameters}
    head = json.dumps({"inputs": [given]}).encode()

    if isinstance(values, str):
        with pytest.raises(Refusal) as refused:
            v2_request.read(head + data, str(len(head)), missing=False)
        assert values in refused.value.message
    else:
        found = v2_request.read(head + data, str(len(head)), missing=False)
        assert found.tensors[0].values() == values


@pytest.mark.parametrize("data", [b"1", b"true", b'"a"', b"{}", b"null"])
def test_data_must_be_a_list(data: bytes) -> None:
    head = b'{"inputs":[{"name":"a","shape":[],"datatype":"INT8","data":%b}]}' % data

    with pytest.raises(Refusal, match=r"inputs\[0\]\.data must be a list"):
        v2_request.read(head, None, missing=False)


def test_bytes_that_nobody_names_are_refused() -> None:
    head = b'{"inputs":[{"name":"a","shape":[1],"datatype":"INT8","data":[1]}]}'

    with pytest.raises(Refusal, match="3 bytes of binary data that no input names"):
        v2_request.read(head + b"abc", str(len(head)), missing=False)
