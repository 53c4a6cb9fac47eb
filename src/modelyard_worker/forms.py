"""
How the requests of one script are read so that they can be joined, and joined.

Two kinds: run(data) that gets the body as text, and run() decorated with inference-schema, which
gets arrays, frames and values.
"""

from __future__ import annotations

import inspect
import json
from abc import ABC, abstractmethod
from typing import Any, Dict, Hashable, List, Optional, Sequence

from modelyard_worker import rows
from modelyard_worker.frames import Frame
from modelyard_worker.rows import Unmergeable
from modelyard_worker.samples import converter
from modelyard_worker.script import Script


class Request:
    """One request, read: ``key`` is equal for those that may be joined."""

    __slots__ = ("headers", "key", "rows", "text", "value")

    def __init__(
        self, value: Any, form: rows.Form, text: Optional[str] = None, headers: Any = ()
    ) -> None:
        self.value = value
        self.key: Hashable = form.key
        self.rows = form.rows
        self.text = text
        self.headers = headers


class InputForm(ABC):
    """What both kinds can do; values are what ``samples.sample_of`` gives."""

    @abstractmethod
    def read(self, frame: Frame) -> Request:
        """The request. Raises whatever is wrong with it, and Unmergeable."""

    @abstractmethod
    def request(self, value: Any) -> Request:
        """A request of these values. Raises Unmergeable."""

    @abstractmethod
    def joined(self, requests: Sequence[Request]) -> Dict[str, Any]:
        """The arguments of run() for all of them, which have one ``key``."""

    @abstractmethod
    def first_row(self, value: Any) -> Any:
        """The same values with one row."""

    def learn(self, sample: Any) -> None:  # noqa: B027 - rows of text have nothing to learn
        """From now on join only what looks like this; called with what the self-test proves."""


class TextForm(InputForm):
    """run(data: str): a JSON list, or a JSON object of lists of equal length."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._name = script.parameters[0].name
        self._outline: Hashable = None
        self._fits: Hashable = None  # the last key that has this outline

    def read(self, frame: Frame) -> Request:
        if frame.head.get("method") != "POST":
            raise Unmergeable("only the bodies of POST are joined")
        text = self._script.read(frame)[self._name]
        request = self.request(json.loads(text))
        request.text = text
        request.headers = frame.head.get("headers") or ()
        return request

    def request(self, value: Any) -> Request:
        if not isinstance(value, (list, dict)):
            raise Unmergeable("it is no JSON list or object")
        form = rows.form_of(value)
        if not form.rows:
            raise Unmergeable("it holds no list, so no rows")
        if self._outline is not None and form.key != self._fits:
            if self._outline != _outline(form):
                raise Unmergeable("it has other names than the sample")
            self._fits = form.key
        return Request(value, form, json.dumps(value) if self._outline is None else None)

    def joined(self, requests: Sequence[Request]) -> Dict[str, Any]:
        spliced = _spliced([request.text for request in requests])
        if spliced is None:
            spliced = json.dumps(rows.join([request.value for request in requests]))
        return {self._name: spliced}

    def first_row(self, value: Any) -> Any:
        return rows.first_row(value)

    def learn(self, sample: Any) -> None:
        self._outline = _outline(rows.form_of(sample))
        self._fits = None


class ObjectForm(InputForm):
    """run() with @input_schema: every argument is converted first, then joined."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._convert = converter(script)

    def read(self, frame: Frame) -> Request:
        request = self.request(self._convert(self._script.read(frame)))
        request.headers = frame.head.get("headers") or ()
        return request

    def request(self, value: Any) -> Request:
        forms = {name: rows.form_of(item) for name, item in value.items()}
        key = tuple((name, form.key) for name, form in forms.items())
        return Request(value, rows.Form(key, rows.common_rows(forms.values())))

    def joined(self, requests: Sequence[Request]) -> Dict[str, Any]:
        names = requests[0].value
        return {name: rows.join([request.value[name] for request in requests]) for name in names}

    def first_row(self, value: Any) -> Any:
        return {name: rows.first_row(item) for name, item in value.items()}


def form_for(script: Script) -> InputForm:
    """How this script's requests are joined. Raises Unmergeable where that cannot be."""
    if script.raw:
        raise Unmergeable("run() is @rawhttp: it reads each request itself")
    if script.with_headers:
        raise Unmergeable("run() takes request_headers, which each request has of its own")
    if _streams(script.run):
        raise Unmergeable("run() streams its answer")
    return ObjectForm(script) if script.decorated else TextForm(script)


def _spliced(texts: Sequence[Optional[str]]) -> Optional[str]:
    """
    One text made by joining what is within the outermost brackets, which leaves every number as
    it was written; None where that is not certainly right.

    Texts of one form without a quote within the brackets and with two before them at most, as
    ``{"data": [[1, 2]]}``, have one name and no texts.
    """
    inner: List[str] = []
    for text in texts:
        if text is None:
            return None
        start, end = text.find("[") + 1, text.rfind("]")
        if text.count('"') not in (0, 2) or '"' in text[start:end]:
            return None
        inner.append(text[start:end])
    first = texts[0] or ""
    return "".join((first[: first.find("[") + 1], ",".join(inner), first[first.rfind("]") :]))


def _outline(form: rows.Form) -> Hashable:
    """The names of a JSON object, and which of them hold rows."""
    key: Any = form.key
    kind, inner = key
    if kind != "dict":
        return str(kind)
    return tuple((name, item[0] == "constant") for name, item in inner)


def _streams(run: Any) -> bool:
    inner = inspect.unwrap(run)
    return inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner)
