"""/score of a model without a script: any body to tensors, and tensors to what is wanted back."""

from collections.abc import Callable
from dataclasses import dataclass

from modelyard.domain.fronts import FrontSpec
from modelyard.domain.predictors import Signature
from modelyard.serving.exchange import Answer, Headers, Prepared, Reply, Request
from modelyard.serving.protocols import content, frames
from modelyard.serving.protocols.content import Kind
from modelyard.serving.protocols.facts import TENSORFLOW, usual_method
from modelyard.serving.protocols.matching import matched
from modelyard.serving.tensors.fields import unreadable
from modelyard.serving.tensors.from_json import Asked, Form, JsonReader
from modelyard.serving.tensors.tensor import Tensor, joined
from modelyard.serving.tensors.to_json import rendered

_RUN_FAILED = "x-ms-run-function-failed"
_RUN_MS = "x-ms-run-fn-exec-ms"
_PROBABILITIES = "predict_proba"


@dataclass(frozen=True, slots=True)
class Wish:
    """How the answer shall look."""

    kind: Kind
    form: Form
    method: str
    nan: str


class Scoring:
    """Reads and renders the bodies of one service."""

    def __init__(self, spec: FrontSpec, signature: Signature, *, missing: bool) -> None:
        self.signature = signature
        self._missing = missing
        self._nan = spec.nan
        framework = spec.predictor.framework if spec.predictor is not None else ""
        self._json = JsonReader(signature, missing=missing, columnar=framework in TENSORFLOW)
        # Azure's own services of scikit-learn answer probabilities where nothing else is asked
        has = framework == "ScikitLearn" and _PROBABILITIES in signature.methods
        self._method = usual_method(signature)
        self._method_of_azure = _PROBABILITIES if has else self._method

    def prepare(self, request: Request, body: bytes, request_id: str) -> Prepared:
        """The request of a worker. Raises the refusal that names what is wrong."""
        kind = content.kind_of(request, body)
        asked = self._json.read(body) if kind is Kind.JSON else self._binary(kind, body)
        azure = kind is Kind.JSON and asked.form is Form.METHOD
        usual = self._method_of_azure if azure else self._method
        method = asked.method or usual
        if asked.method:
            frames.check_method(method, self.signature.methods)
        wish = Wish(content.wanted(request), asked.form, method, self._nan)
        head = frames.request_head(asked.tensors, method, request_id)
        return Prepared(head, _flat(asked.tensors), _renderer(wish))

    def _binary(self, kind: Kind, body: bytes) -> Asked:
        if not body:
            raise unreadable("The body is empty.")
        tensors = content.read(kind, body)
        root = "array" if kind is Kind.NPY else "table"
        found = matched(tensors, self.signature, missing=self._missing, root=root)
        return Asked(found, None, Form.METHOD)


def rendering(answer: Answer, headers: Headers, wish: Wish) -> Reply:
    """The reply of a worker's answer. Raises the refusal where it cannot be written so."""
    own = [*headers, *run_headers(answer)]
    if answer.tensors is None:
        frames.blame(answer)
        return Reply(answer.status, [*own, *_content_of(answer)], answer.body)
    tensors = frames.tensors_of(answer)
    if wish.kind is Kind.JSON:
        body = rendered(tensors, wish.form, wish.method, wish.nan)
    else:
        body = content.written(tensors, wish.kind)
    return Reply(answer.status, [*own, ("content-type", wish.kind.value)], body)


def run_headers(answer: Answer) -> Headers:
    """Azure's two headers about the run, unless the worker has set them."""
    names = {name for name, _ in answer.headers}
    found: Headers = [pair for pair in answer.headers if pair[0] in {_RUN_FAILED, _RUN_MS}]
    if _RUN_FAILED not in names:
        found.append((_RUN_FAILED, "True" if answer.status >= 500 else "False"))
    if answer.run_ms is not None and _RUN_MS not in names:
        found.append((_RUN_MS, f"{answer.run_ms:.3f}"))
    return found


def _renderer(wish: Wish) -> Callable[[Answer, Headers], Reply]:
    return lambda answer, headers: rendering(answer, headers, wish)


def _content_of(answer: Answer) -> Headers:
    given = [pair for pair in answer.headers if pair[0] == "content-type"]
    return given or [("content-type", Kind.JSON.value)]


def _flat(tensors: list[Tensor]) -> bytes | memoryview:
    data = joined(tensors)
    return bytes(data) if isinstance(data, bytearray) else data
