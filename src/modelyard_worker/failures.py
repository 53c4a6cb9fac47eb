"""
Scripts that answer an exception's text as if nothing had happened: ``except …: return str(e)``.

Azure's notebooks do that, and their success rates mean nothing. Where the service asks for it, the
script and the modules beside it are compiled with one call more in each ``except`` block, which
notes what the exception says; an answer of run() that is such a text then counts as failed. Where
it is not asked for, nothing of this is in the way.

Seen are only exceptions that the user's own code caught during this run(), never those inside of
libraries. Not seen are texts that are put into a longer sentence, texts of a single word (the
``KeyError: 5`` of a cache must not make the prediction "5" a failure) and streamed answers.
"""

from __future__ import annotations

import ast
import builtins
import functools
import json
import os
import re
import sys
from collections import deque
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType
from typing import Any, Callable, Deque, Iterator, Optional, Sequence

_NOTE = "__modelyard_caught__"
_KEPT = 32
_WORD = re.compile(r"[\w.+-]*").fullmatch

_said: Deque[str] = deque(maxlen=_KEPT)


def watched(run: Callable[..., Any]) -> Callable[..., Any]:
    """``run`` that forgets, before each call, what was caught before."""

    @functools.wraps(run)
    def forgetful(*args: Any, **kwargs: Any) -> Any:
        _said.clear()
        return run(*args, **kwargs)

    return forgetful


def tells_failure(result: Any) -> bool:
    """Whether this answer of run() is the text of an exception it has caught, or holds one."""
    if not _said:
        return False
    texts = list(_texts(result))
    return any(_is_of(text, said) for said in _said for text in texts)


def _texts(result: Any) -> Iterator[str]:
    """The answer itself, or the values of an object, also of one that is encoded already."""
    if isinstance(result, str):
        yield result
        if result[:1] == "{":
            try:
                result = json.loads(result)
            except ValueError:
                return
    if isinstance(result, (list, tuple)) and len(result) == 1:
        result = result[0]
        if isinstance(result, str):
            yield result
    if isinstance(result, dict):
        for value in result.values():
            if isinstance(value, str):
                yield value


def _is_of(text: str, said: str) -> bool:
    """``said``, or a word or two and a colon before it: ``Error: division by zero``."""
    text = text.strip()
    return text == said or text.endswith((": " + said, ":" + said, "(" + said + ")"))


def _note() -> None:
    """Called at the head of each ``except`` block; must neither raise nor keep the exception."""
    error = sys.exc_info()[1]
    for say in (str, repr):
        try:
            text = say(error).strip()
        except Exception:  # a script's exception may fail to print itself
            continue
        if not _WORD(text):
            _said.append(text)


class _Loader(SourceFileLoader):
    """Compiles a source file with the notes in it; its cached bytecode is not used."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path), path)
        return compile(_with_notes(tree), path, "exec", dont_inherit=True)


def _with_notes(tree: ast.AST) -> Any:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            call = ast.Expr(ast.Call(ast.Name(_NOTE, ast.Load()), [], []))
            # the line of the ``except``: no place that is told changes
            for new in ast.walk(call):
                ast.copy_location(new, node)
            node.body.insert(0, call)
    return tree


class _Finder(MetaPathFinder):
    """Stands first, for the modules beside the script; everything else is not its matter."""

    def __init__(self, root: str) -> None:
        self._root = os.path.abspath(root) + os.sep

    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]] = None, target: Any = None
    ) -> Optional[ModuleSpec]:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or type(spec.loader) is not SourceFileLoader or not spec.origin:
            return None
        below = os.path.abspath(spec.origin)
        if not below.startswith(self._root) or "site-packages" in below[len(self._root) :]:
            return None
        spec.loader = _Loader(fullname, spec.origin)
        return spec


def watch(root: str) -> None:
    """Have every module below ``root`` that is imported from now on note what it catches."""
    setattr(builtins, _NOTE, _note)
    sys.meta_path.insert(0, _Finder(root))


def loader(name: str, path: str) -> SourceFileLoader:
    """The loader of the entry script."""
    return _Loader(name, path)
