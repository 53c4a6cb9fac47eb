"""Tensors to a worker and back, as a front sends them."""

import struct
from typing import Any

import numpy as np

from modelyard_worker.frames import HELLO, REQUEST, RESPONSE, Frame, encode
from tests.modelyard_worker.worker import Answer, WorkerProcess

NAMES = {"?": "BOOL", "O": "BYTES", "U": "BYTES"}
LOADING = 200.0
"""Importing TensorFlow or torch takes its time on a busy machine."""
TYPES = {"BOOL": "?", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8"}


def datatype(array: np.ndarray) -> str:
    kind = array.dtype.kind
    prefix = {"f": "FP", "i": "INT", "u": "UINT"}.get(kind)
    return f"{prefix}{array.dtype.itemsize * 8}" if prefix else NAMES[kind]


def packed(array: np.ndarray) -> bytes:
    if datatype(array) != "BYTES":
        return np.ascontiguousarray(array).tobytes()
    texts = [str(value).encode() for value in array.reshape(-1)]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def unpacked(name: str, shape: list[int], data: bytes) -> np.ndarray:
    if name != "BYTES":
        code = TYPES.get(name) or f"{name[0].lower()}{int(name.lstrip('UINT')) // 8}"
        return np.frombuffer(data, code).reshape(shape)
    texts, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        texts.append(data[at + 4 : at + 4 + size].decode())
        at += 4 + size
    return np.array(texts, dtype=object).reshape(shape)


def tensors_as_json(**columns: Any) -> list[dict[str, Any]]:
    """A registered sample."""
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    return [
        {
            "name": name,
            "datatype": datatype(array),
            "shape": list(array.shape) if array.ndim > 1 else [len(array), 1],
            "data": array.reshape(-1).tolist(),
        }
        for name, array in arrays.items()
    ]


class NoCodeWorker:
    """A worker that serves a model without a script."""

    def __init__(self, process: WorkerProcess) -> None:
        self.process = process
        self._next = 0

    def start(self, framework: str, path: Any, **more: Any) -> dict[str, Any]:
        """The head of the second HELLO."""
        frame = self._greet(framework, path, **more)
        assert frame.type == HELLO, f"{frame.head}\n{self.process.log}"
        self.facts = frame.head
        self.signature = frame.head["signature"]
        return frame.head

    def fail(self, framework: str, path: Any, **more: Any) -> dict[str, Any]:
        """The head of the FAULT."""
        frame = self._greet(framework, path, **more)
        assert frame.type != HELLO, frame.head
        return frame.head

    def _greet(
        self,
        framework: str,
        path: Any,
        *,
        sample: Any = (),
        version: str | None = None,
        batching: bool = True,
        **more: Any,
    ) -> Frame:
        predictor = {"framework": framework, "framework_version": version, "sample": list(sample)}
        front = {
            "protocol": 1,
            "entry_script": "",
            "predictor": predictor,
            "batching": {"max_size": 64, "max_wait_ms": 0} if batching else None,
            "models": [{"name": "m", "version": 1, "path": str(path)}],
            **more,
        }
        assert self.process.receive().type == HELLO
        self.process.sock.sendall(encode(Frame(HELLO, head=front)))
        return self.process.receive(LOADING)

    @property
    def inputs(self) -> dict[str, tuple[str, list[int]]]:
        return {i["name"]: (i["datatype"], i["shape"]) for i in self.signature["inputs"]}

    @property
    def outputs(self) -> dict[str, tuple[str, list[int]]]:
        return {o["name"]: (o["datatype"], o["shape"]) for o in self.signature["outputs"]}

    def ask(self, given: dict[str, Any], method: str = "predict") -> Frame:
        self._next += 1
        arrays = {name: np.asarray(value) for name, value in given.items()}
        data = {name: packed(array) for name, array in arrays.items()}
        heads = [[n, datatype(a), list(a.shape), len(data[n])] for n, a in arrays.items()]
        head = {"tensors": heads, "method": method, "request_id": f"request-{self._next}"}
        self.process.sock.sendall(
            encode(Frame(REQUEST, self._next, head, b"".join(data.values())))
        )
        frame = self.process.receive()
        assert (frame.type, frame.id) == (RESPONSE, self._next), (frame.type, frame.head)
        return frame

    def predict(self, method: str = "predict", **given: Any) -> dict[str, np.ndarray]:
        frame = self.ask(given, method)
        assert frame.head["status"] == 200, bytes(frame.body)
        found, at = {}, 0
        for name, kind, shape, size in frame.head["tensors"]:
            found[name] = unpacked(kind, shape, bytes(frame.body[at : at + size]))
            at += size
        assert at == len(frame.body)
        return found

    def refusal(self, method: str = "predict", **given: Any) -> tuple[int, dict[str, Any]]:
        answer = Answer(self.ask(given, method))
        return answer.status, answer.json
