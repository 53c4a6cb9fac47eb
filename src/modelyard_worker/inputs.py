"""From a REQUEST frame to the arguments of run()."""

from __future__ import annotations

import inspect
import json
from typing import Any, Callable, Dict, List, Optional

from modelyard_worker import matrices
from modelyard_worker.errors import BadInput, Refused
from modelyard_worker.frames import Frame
from modelyard_worker.headers import Headers, find, is_json, media_type, query_values
from modelyard_worker.rawhttp import AMLRequest
from modelyard_worker.shared import body_of, text_of

Arguments = Dict[str, Any]
Reader = Callable[[Frame], Arguments]

HEADERS_PARAMETER = "request_headers"
FORM = "application/x-www-form-urlencoded"


def reader_for(
    parameters: List[inspect.Parameter], raw: bool, decorated: bool, with_headers: bool
) -> Reader:
    """How run() with these parameters (without ``request_headers``) gets its arguments."""
    if raw:
        read = _raw_reader(parameters[0].name)
    elif decorated:
        read = _object_reader(parameters)
    else:
        read = _text_reader(parameters[0].name)
    return _with_headers(read) if with_headers else read


def _raw_reader(name: str) -> Reader:
    def read(frame: Frame) -> Arguments:
        head = frame.head
        return {
            name: AMLRequest(
                head.get("method", "POST"),
                head.get("path", "/score"),
                head.get("query") or "",
                head.get("headers") or (),
                body_of(frame),
            )
        }

    return read


def _text_reader(name: str) -> Reader:
    def read(frame: Frame) -> Arguments:
        if frame.head.get("method") != "POST" and _method(frame) == "GET":
            return {name: json.dumps(query_values(frame.head.get("query") or ""))}
        try:
            return {name: text_of(frame)}
        except UnicodeDecodeError as error:
            raise BadInput("Input cannot be decoded as UTF-8: %s" % error) from None

    return read


def _object_reader(parameters: List[inspect.Parameter]) -> Reader:
    def read(frame: Frame) -> Arguments:
        if "tensors" in frame.head:
            return matrices.arguments(frame)
        if _method(frame) == "GET":
            given = query_values(frame.head.get("query") or "")
        else:
            given = _json_object(frame)
        arguments = {}
        for parameter in parameters:
            value = given.get(parameter.name, parameter.default)
            if value is inspect.Parameter.empty:
                raise BadInput(
                    "A value is not provided for the %r parameter." % parameter.name,
                    field=parameter.name,
                )
            arguments[parameter.name] = value
        return arguments

    return read


def _json_object(frame: Frame) -> Dict[str, Any]:
    body = body_of(frame)
    content_type = find(frame.head.get("headers") or (), "content-type")
    if not is_json(content_type) and not _of_curl(content_type, body):
        raise Refused(415, "Expects Content-Type to be application/json")
    if not body:
        raise BadInput("POST body is empty. Expecting a JSON dictionary.")
    try:
        value = json.loads(body)
    except UnicodeDecodeError as error:
        raise BadInput("Input cannot be decoded as UTF-8: %s" % error) from None
    except ValueError as error:
        raise BadInput("POST body could not be decoded as JSON: %s" % error) from None
    except RecursionError:
        raise BadInput("POST body is nested too deeply.") from None
    if not isinstance(value, dict):
        raise BadInput("POST body should be a JSON dictionary.")
    return value


def _of_curl(content_type: Optional[str], body: bytes) -> bool:
    """Whether it is what ``curl -d '{…}'`` sends: JSON that calls itself a form."""
    return media_type(content_type) == FORM and body.lstrip()[:1] == b"{"


def _with_headers(read: Reader) -> Reader:
    def read_both(frame: Frame) -> Arguments:
        arguments = read(frame)
        arguments[HEADERS_PARAMETER] = Headers(frame.head.get("headers") or ())
        return arguments

    return read_both


def _method(frame: Frame) -> str:
    method = str(frame.head.get("method", "POST"))
    if method not in ("GET", "POST"):
        raise Refused(405, "Method not allowed", "method_not_allowed")
    return method
