"""Run by test_triton_client in an environment that has tritonclient: PORT MODEL KIND."""

import json
import sys

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

port, model, kind = sys.argv[1:4]
client = triton.InferenceServerClient(f"localhost:{port}", concurrency=2)
found = {
    "live": client.is_server_live(),
    "ready": client.is_server_ready(),
    "model_ready": client.is_model_ready(model),
    "version_ready": client.is_model_ready(model, "3") if kind == "linear" else True,
    "server": client.get_server_metadata(),
    "metadata": client.get_model_metadata(model),
    "index": client.get_model_repository_index(),
}


def tensor(name, values, datatype, binary=True):
    array = np.array(values)
    made = triton.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array, binary_data=binary)
    return made


def columns(dtype, datatype, binary=True):
    return [
        tensor(name, np.array([1, 0], dtype=dtype), datatype, binary)
        for name in ("age", "height", "weight")
    ]


if kind == "linear":
    for name, dtype, datatype in (("fp32", "float32", "FP32"), ("int64", "int64", "INT64")):
        answer = client.infer(model, columns(dtype, datatype))
        found[name] = answer.as_numpy("predict").tolist()
        answer = client.infer(
            model,
            columns(dtype, datatype, binary=False),
            outputs=[triton.InferRequestedOutput("predict", binary_data=False)],
            request_id="mine",
        )
        found[name + "_json"] = answer.as_numpy("predict").tolist()
        found["id"] = answer.get_response()["id"]
    waiting = [client.async_infer(model, columns("float32", "FP32")) for _ in range(8)]
    found["async"] = [each.get_result().as_numpy("predict").tolist() for each in waiting]
    for encoding in ("gzip", "deflate"):
        answer = client.infer(
            model,
            [tensor(n, np.ones(400, "float32"), "FP32") for n in ("age", "height", "weight")],
            request_compression_algorithm=encoding,
            response_compression_algorithm=encoding,
        )
        found[encoding] = answer.as_numpy("predict").tolist()[:1]
    try:
        client.infer(model, columns("float32", "FP32")[:2])
    except InferenceServerException as error:
        found["error"] = [error.status(), error.message()]
    try:
        client.get_model_metadata("other")
    except InferenceServerException as error:
        found["unknown"] = [error.status(), error.message()]
else:
    inputs = [
        tensor("number", np.array([1.5, 2.5], "float32"), "FP32"),
        tensor("flag", np.array([True, False]), "BOOL"),
        tensor("word", np.array(["ß", "two"], dtype=object), "BYTES"),
    ]
    answer = client.infer(model, inputs)
    for name in ("number", "flag", "word"):
        array = answer.as_numpy(name)
        found[name] = [v.decode() if isinstance(v, bytes) else v for v in array.tolist()]

found["statistics"] = client.get_inference_statistics(model)
sys.stdout.write(json.dumps(found))
