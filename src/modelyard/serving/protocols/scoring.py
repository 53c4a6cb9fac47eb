"""/score of a model without a script: any body to tensors, and tensors to what is wanted back."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import msgspec

from modelyard.domain.fronts import FrontSpec
from modelyard.domain.predictors import Signature
from modelyard.serving.exchange import Answer, Headers, Prepared, QuickRender, Reply, Request
from modelyard.serving.protocols import content, frames
from modelyard.serving.protocols.content import Kind
from modelyard.serving.protocols.facts import TENSORFLOW, usual_method
from modelyard.serving.protocols.matching import matched
from modelyard.serving.protocols.matrix_heads import MatrixHeads
from modelyard.serving.streams import Stream
from modelyard.serving.tensors.fields import unreadable
from modelyard.serving.tensors.from_json import Asked, Form, JsonReader
from modelyard.serving.tensors.number_texts import text_of
from modelyard.serving.tensors.tensor import BadData, Tensor, joined, nest, unpack
from modelyard.serving.tensors.to_json import around, key_of, rendered

Render = Callable[[Answer, Headers], Reply]

_encode = msgspec.json.Encoder().encode
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


class JsonRender(QuickRender):
    """Renders the answers to all requests that have one wish, which is JSON."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._start, self._end = around(key_of(wish.form, wish.method))

    def __call__(self, answer: Answer, headers: Headers) -> Reply:
        return rendering(answer, headers, self._wish)

    def quick(self, answer: Answer) -> bytes | None:
        """One output, as it is in nearly every answer."""
        tensors, body = answer.tensors, answer.body
        if (
            answer.status != 200
            or tensors is None
            or len(tensors) != 1
            or self._wish.nan == "error"
        ):
            return None
        _, datatype, shape, size = tensors[0]
        if isinstance(body, Stream) or size != len(body):
            return None
        try:
            text = text_of(datatype, body, shape, self._start, self._end)
            if text is not None:
                return text
            values = nest(unpack(datatype, body, prod(shape)), shape)
        except (BadData, ValueError, TypeError, KeyError):
            return None  # the other way says what is wrong
        return b"%b%b%b" % (self._start, _encode(values), self._end)


class Scoring:
    """Reads and renders the bodies of one service."""

    def __init__(self, spec: FrontSpec, signature: Signature, *, missing: bool) -> None:
        self.signature = signature
        self._missing = missing
        self._nan = spec.nan
        framework = spec.predictor.framework if spec.predictor is not None else ""
        self._json = JsonReader(signature, missing=missing, columnar=framework in TENSORFLOW)
        matrix = self._json.matrix
        self._heads = None if matrix is None else MatrixHeads(matrix)
        self._renders: dict[tuple[Form, str], JsonRender] = {}
        # Azure's own services of scikit-learn answer probabilities where nothing else is asked
        has = framework == "ScikitLearn" and _PROBABILITIES in signature.methods
        self._method = usual_method(signature)
        self._method_of_azure = _PROBABILITIES if has else self._method

    def prepare(self, request: Request, body: bytes, request_id: str) -> Prepared:
        """The request of a worker. Raises the refusal that names what is wrong."""
        given = request.header("content-type")
        kind = Kind.JSON if given == Kind.JSON.value else content.kind_of(request, body)
        if kind is not Kind.JSON:
            return self._prepared(self._binary(kind, body), self._method, request, request_id)
        found = self._json.numbers(body)
        if found is None or self._heads is None:
            asked = self._json.read_any(body)
            return self._prepared(asked, self._usual(asked.form), request, request_id)
        form = self._json.form(found.key)
        method = self._checked(found.method, self._usual(form))
        head, plan = self._heads.head(method, found.count, request_id)
        return Prepared(head, found.data, self._render(request, form, method), plan)

    def _prepared(self, asked: Asked, usual: str, request: Request, request_id: str) -> Prepared:
        method = self._checked(asked.method, usual)
        head = frames.request_head(asked.tensors, method, request_id)
        return Prepared(head, _flat(asked.tensors), self._render(request, asked.form, method))

    def _usual(self, form: Form) -> str:
        return self._method_of_azure if form is Form.METHOD else self._method

    def _checked(self, method: str | None, usual: str) -> str:
        if method is None:
            return usual
        frames.check_method(method, self.signature.methods)
        return method

    def _render(self, request: Request, form: Form, method: str) -> Render:
        kind = content.wanted(request)
        if kind is not Kind.JSON:
            wish = Wish(kind, form, method, self._nan)
            return lambda answer, headers: rendering(answer, headers, wish)
        found = self._renders.get((form, method))
        if found is None:
            found = JsonRender(Wish(kind, form, method, self._nan))
            self._renders[form, method] = found
        return found

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


def _content_of(answer: Answer) -> Headers:
    given = [pair for pair in answer.headers if pair[0] == "content-type"]
    return given or [("content-type", Kind.JSON.value)]


def _flat(tensors: list[Tensor]) -> bytes | memoryview:
    data = joined(tensors)
    return bytes(data) if isinstance(data, bytearray) else data
