"""The file of a registered model: the path itself, or the one that fits in its folder."""

from __future__ import annotations

import os
from typing import Callable, List, Sequence

from modelyard_worker.nocode.problems import BadModel

_DEEP = 3
"""Folders are searched this deep: a run's ``outputs/model/model.pkl`` is found."""


def one_file(path: str, endings: Sequence[str], what: str) -> str:
    """
    The model's file. A file is taken whatever its name is.

    Raises BadModel where a folder holds none, or several (which it names).
    """
    if os.path.isfile(path):
        return path
    _must_exist(path)
    return _only(path, _files(path, tuple(endings)), "%s (%s)" % (what, ", ".join(endings)))


def files_in(path: str, endings: Sequence[str]) -> List[str]:
    """The path itself or the files below it, with one of these endings."""
    if os.path.isfile(path):
        return [path] if path.lower().endswith(tuple(endings)) else []
    return _files(path, tuple(endings))


def one_folder(path: str, is_it: Callable[[str], bool], what: str) -> str:
    """The folder that ``is_it``: the path or the one below it. Raises BadModel."""
    _must_exist(path)
    if os.path.isfile(path):
        raise BadModel(
            "The model is a file, '%s'; wanted is %s." % (os.path.basename(path), what),
            "Register the whole folder: model_path='…/the_folder'.",
        )
    if is_it(path):
        return path
    return _only(path, [each for each in _folders(path) if is_it(each)], what)


def _only(path: str, found: List[str], what: str) -> str:
    names = sorted(os.path.relpath(each, path) for each in found)
    if len(names) == 1:
        return os.path.join(path, names[0])
    folder = os.path.basename(path.rstrip("/"))
    if not names:
        raise BadModel(
            "The model's folder '%s' holds no %s; it holds %s."
            % (folder, what, ", ".join(sorted(os.listdir(path))[:10]) or "nothing"),
            "Register the file itself, with the framework that it is of.",
        )
    raise BadModel(
        "The model's folder '%s' holds several that could be the model: %s."
        % (folder, ", ".join(names)),
        "Register one of them: model_path='…/%s'." % names[0],
    )


def _must_exist(path: str) -> None:
    if not os.path.exists(path):
        raise BadModel("There is no model at '%s'." % path, "Register the model again.")


def _files(path: str, endings: Sequence[str]) -> List[str]:
    found: List[str] = []
    for folder in [path, *_folders(path)]:
        for entry in os.listdir(folder):
            full = os.path.join(folder, entry)
            if entry.lower().endswith(tuple(endings)) and os.path.isfile(full):
                found.append(full)
    return found


def _folders(path: str) -> List[str]:
    """The folders below, hidden ones left out."""
    found: List[str] = []
    depth = path.rstrip("/").count("/")
    for folder, folders, _ in os.walk(path):
        folders[:] = sorted(each for each in folders if not each.startswith((".", "__")))
        if folder.count("/") - depth >= _DEEP:
            folders[:] = []
        if folder != path:
            found.append(folder)
    return found
