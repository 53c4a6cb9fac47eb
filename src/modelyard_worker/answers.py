"""From what run() returned or raised to what goes back to the front."""

from __future__ import annotations

import types
from typing import Any, AsyncIterator, Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

from modelyard_worker import failures, options
from modelyard_worker.encoding import encode_json
from modelyard_worker.errors import BadInput, BadOutput, Refused
from modelyard_worker.faults import message_of, one_line, place_of, traceback_of
from modelyard_worker.schema import raised_while_converting

Header = Tuple[str, str]
Pieces = Union[Iterator[Any], AsyncIterator[Any]]

FAILED = "x-ms-run-function-failed"
JSON = ("content-type", "application/json")
USUAL = [JSON, (FAILED, "False")]
"""The headers of nearly all answers; one list for all of them, never to be changed."""


class Answer(NamedTuple):
    """A whole answer, or with ``pieces`` the head of one that is streamed."""

    status: int
    headers: List[Header]
    body: bytes = b""
    pieces: Optional[Pieces] = None

    def head(self, run_ms: float) -> Dict[str, Any]:
        """The head of the RESPONSE frame; the front makes a header of ``run_ms``."""
        return {"status": self.status, "headers": self.headers, "run_ms": run_ms}


def of_result(result: Any) -> Answer:
    """The answer for what run() returned. Raises BadOutput for what cannot be sent."""
    kind = type(result)
    if kind is dict or kind is list or kind is str:  # what nearly every script returns
        return _json(result)
    if result is None:
        return Answer(200, USUAL, b"{}")
    if isinstance(result, (types.GeneratorType, types.AsyncGeneratorType)):
        return Answer(200, [(FAILED, "False")], pieces=result)
    if _is_response(result):
        return _of_response(result)
    return _json(result)


def _json(result: Any) -> Answer:
    failed = options.chosen().detect_failures and failures.tells_failure(result)
    return Answer(200, [JSON, (FAILED, "True")] if failed else USUAL, encode_json(result))


def _is_response(result: Any) -> bool:
    """An AMLResponse, or a response of Flask and Werkzeug, told by what it can do."""
    return (
        hasattr(result, "status_code")
        and hasattr(result, "headers")
        and hasattr(result, "get_data")
    )


def _of_response(response: Any) -> Answer:
    status = int(response.status_code)
    failed = status >= 500 or bool(getattr(response, "run_function_failed", False))
    headers = [
        (str(name), _checked(str(name), str(value)))
        for name, value in response.headers.items()
        if str(name).lower() not in (FAILED, "content-length", "transfer-encoding", "connection")
    ]
    if getattr(response, "is_streamed", False):
        headers.append((FAILED, str(failed)))
        return Answer(status, headers, pieces=iter(response.iter_encoded()))
    if getattr(response, "direct_passthrough", False):  # Flask's send_file
        response.direct_passthrough = False
    data = response.get_data()
    body = data.encode() if isinstance(data, str) else bytes(data)
    if status < 400 and options.chosen().detect_failures:
        failed = failed or failures.tells_failure(body.decode("utf-8", "replace"))
    headers.append((FAILED, str(failed)))
    return Answer(status, headers, body)


def _checked(name: str, value: str) -> str:
    if "\r" in value or "\n" in value:
        raise BadOutput("The response's header '%s' holds a line break." % name)
    return value


def of_refusal(error: Refused, request_id: str) -> Answer:
    """The answer for a request that is the caller's mistake."""
    message = error.message
    if isinstance(error, BadInput) and error.field and error.__cause__ is not None:
        message = "Input '%s' cannot be used: %s" % (error.field, message)
    body = {"message": message, "code": error.code, "request_id": request_id}
    if error.field:
        body["field"] = error.field
    return Answer(error.status, [JSON, (FAILED, "False")], encode_json(body))


def of_exception(error: BaseException, request_id: str, source: str) -> Answer:
    """The answer for an exception out of run()."""
    if isinstance(error, Refused):
        return of_refusal(error, request_id)
    if raised_while_converting(error):
        return of_refusal(BadInput("The input cannot be used: %s" % error), request_id)
    if isinstance(error, BadOutput):
        return _failed(str(error), "bad_output", request_id)
    file, line = place_of(error, source)
    details = {
        "type": type(error).__name__,
        "message": message_of(error),
        "file": file,
        "line": line,
    }
    if options.chosen().tracebacks:
        details["traceback"] = traceback_of(error)
    return _failed(one_line(error, source), "run_failed", request_id, details)


def is_callers_fault(error: BaseException) -> bool:
    """Whether the error is an answer of 4xx rather than a failure of the script."""
    if isinstance(error, Refused):
        return error.status < 500
    return raised_while_converting(error)


def _failed(
    message: str, code: str, request_id: str, details: Optional[Dict[str, Any]] = None
) -> Answer:
    body: Dict[str, Any] = {"message": message, "code": code, "request_id": request_id}
    if details:
        traceback = details.pop("traceback", None)
        body["details"] = details
        if traceback:
            body["traceback"] = traceback
    return Answer(500, [JSON, (FAILED, "True")], encode_json(body))


def nothing() -> Answer:
    """The answer to OPTIONS: allowed, nothing to say."""
    return Answer(200, [(FAILED, "False")])


def piece_bytes(piece: Any) -> bytes:
    """One piece of a streamed body: bytes and text as they are, anything else a line of JSON."""
    if isinstance(piece, str):
        return piece.encode("utf-8")
    if isinstance(piece, (bytes, bytearray, memoryview)):
        return bytes(piece)
    return encode_json(piece) + b"\n"


def stream_type(piece: Any) -> str:
    """The content type of a stream that begins with this piece."""
    if isinstance(piece, str):
        return "text/plain; charset=utf-8"
    if isinstance(piece, (bytes, bytearray, memoryview)):
        return "application/octet-stream"
    return "application/x-ndjson"
