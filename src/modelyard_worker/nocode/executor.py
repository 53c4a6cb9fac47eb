"""Runs a model without a script once: tensors in, tensors out, whatever happens on the way."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from modelyard_worker import answers, collecting, options
from modelyard_worker.answers import Answer
from modelyard_worker.context import REQUEST_ID
from modelyard_worker.encoding import encode_json
from modelyard_worker.errors import BadInput, Refused
from modelyard_worker.executor import Outcome, Runner
from modelyard_worker.faults import message_of, traceback_of
from modelyard_worker.frames import Frame
from modelyard_worker.logs import LOG
from modelyard_worker.nocode import selftest
from modelyard_worker.nocode.inputs import prepared
from modelyard_worker.nocode.predictor import Predictor
from modelyard_worker.shared import view_of
from modelyard_worker.tensors import Arrays, decode, encode

if TYPE_CHECKING:
    from modelyard_worker.collection import Collecting

_SUCCEEDED = (answers.FAILED, "False")


class TensorAnswer(Answer):
    """An answer whose body is the data of tensors."""

    tensors: List[List[Any]]

    def head(self, run_ms: float) -> Dict[str, Any]:
        return {**super().head(run_ms), "tensors": self.tensors}


class TensorExecutor(Runner):
    """A model with everything around it; always in the main thread."""

    def __init__(
        self, predictor: Predictor, framework: str, pandas: Optional[Any], rows: Optional[Arrays]
    ) -> None:
        self._predictor = predictor
        self._framework = framework
        self._pandas = pandas
        self._rows = rows
        self._began = 0.0

    def ready(self, greeting: Dict[str, Any]) -> Dict[str, Any]:
        said: Dict[str, Any] = {"signature": self._predictor.signature.head()}
        if greeting.get("batching"):
            found = selftest.verdict(self._predictor, self._rows, self._pandas)
            LOG.info("Batching is %s: %s.", "on" if found["on"] else "off", found["why"])
            said["batching"] = found
        self._rows = None
        return said

    def execute(self, frame: Frame) -> Outcome:
        """Run one request. Nothing that the model raises comes out of here."""
        request_id = str(frame.head.get("request_id") or "")
        REQUEST_ID.set(request_id)
        self._began = time.perf_counter()
        try:
            heads, body = encode(self._predict(frame))
            answer = TensorAnswer(200, [_SUCCEEDED], body)  # type: ignore[arg-type]
            answer.tensors = heads
            outcome = Outcome(answer, self._passed())
        except BaseException as error:
            run_ms = self._passed()
            outcome = Outcome(self.failure(error, request_id), run_ms)
        into = collecting.current()
        if into is not None:
            self._collect(into, frame, outcome.answer)
        return outcome

    def _collect(self, into: Collecting, frame: Frame, answer: Any) -> None:
        """What went in and came out; of a batch that failed nothing, it is run again."""
        parts = frame.head.get("parts")
        worked = isinstance(answer, TensorAnswer)
        if worked or not parts:
            heads = frame.head.get("tensors") or ()
            try:
                body = view_of(frame)
            except Refused:  # it did not reach the worker, as the answer says already
                return
            into.tensors("inputs", heads, body, parts, worked, self._names_of(heads))
        if worked:
            into.tensors("predictions", answer.tensors, answer.body, parts, True)

    def _names_of(self, heads: Any) -> Optional[List[str]]:
        """The signature's names of a matrix's columns; None where the request has names itself."""
        known = [spec.name for spec in self._predictor.signature.inputs]
        if len(heads) != 1 or heads[0][0] in known:
            return None
        return known

    def _predict(self, frame: Frame) -> Any:
        method = str(frame.head.get("method") or "predict")
        known = self._predictor.signature.methods
        if method not in known:
            raise BadInput(
                "The model has no method '%s', it has %s." % (method, ", ".join(known)), "method"
            )
        given = decode(frame.head.get("tensors") or (), view_of(frame))
        return self._predictor.predict(prepared(self._predictor, given, self._pandas), method)

    def _passed(self) -> float:
        return round((time.perf_counter() - self._began) * 1000, 3)

    def failure(self, error: BaseException, request_id: str) -> Answer:
        """The answer for an exception; the model's own are logged with their traceback."""
        if isinstance(error, Refused):
            return answers.of_refusal(error, request_id)
        LOG.error("The model failed (request %s)\n%s", request_id or "-", traceback_of(error))
        self.tell(error, request_id, os.getcwd())
        exception = type(error).__name__
        body = {
            "message": "The %s model raised %s: %s"
            % (self._framework, exception, message_of(error)),
            "code": "run_failed",
            "framework": self._framework,
            "exception": exception,
            "request_id": request_id,
        }
        if options.chosen().tracebacks:
            body["traceback"] = traceback_of(error)
        headers = [answers.JSON, (answers.FAILED, "True")]
        return Answer(500, headers, encode_json(body))
