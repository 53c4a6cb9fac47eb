"""What to change, for the mistakes that everybody makes once."""

from __future__ import annotations

import os
import re
import sys
from typing import Iterator, List, Optional

from modelyard_worker.packages import installed, package_of

_VARIABLE = "AZUREML_MODEL_DIR"


def hint_for(error: BaseException) -> Optional[str]:
    """A sentence that says what to change; None where nothing is known."""
    for each in _chain(error):
        hint = _missing_module(each) or _model_path(each) or _unpickled_main(each)
        if hint:
            return hint
    return None


def _chain(error: Optional[BaseException]) -> Iterator[BaseException]:
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _missing_module(error: BaseException) -> Optional[str]:
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    top = error.name.split(".", 1)[0]
    if top == "azureml":
        return None  # its message says what to use
    package = package_of(error.name)
    if top != error.name and top in sys.modules:
        version = installed().get(package)
        return (
            "The model or script was made with another version of '%s' than the one installed%s: "
            "put that version into the environment's packages."
            % (package, " (%s)" % version if version else "")
        )
    return (
        "Add '%s' to the environment's packages (or, if '%s' is a file of yours, put it into the "
        "source folder)." % (package, top)
    )


def _model_path(error: BaseException) -> Optional[str]:
    """Facts: the registered file or folder lies one level below AZUREML_MODEL_DIR."""
    folder = os.environ.get(_VARIABLE, "").rstrip("/")
    if not folder or not isinstance(error, Exception) or not os.path.isdir(folder):
        return None
    wanted = _named_path(error, folder)
    if wanted is None:
        return None
    entries = sorted(os.listdir(folder))
    folders = [name for name in entries if os.path.isdir(os.path.join(folder, name))]
    if wanted:
        return _one_level_deeper(folder, folders, wanted)
    if len(entries) == 1:
        return _below(entries[0], "folder" if folders else "file")
    return None


def _one_level_deeper(folder: str, folders: List[str], wanted: str) -> Optional[str]:
    if os.path.exists(os.path.join(folder, wanted)):
        return None
    holders = [name for name in folders if os.path.exists(os.path.join(folder, name, wanted))]
    return _below(holders[0], "folder") if len(holders) == 1 else None


def _below(name: str, kind: str) -> str:
    return (
        "The registered %s lies one level below AZUREML_MODEL_DIR: use "
        "os.path.join(os.getenv('AZUREML_MODEL_DIR'), '%s')" % (kind, name)
    )


def _named_path(error: BaseException, folder: str) -> Optional[str]:
    """The path below the folder that the error names: '' for the folder itself."""
    texts = [str(getattr(error, "filename", None) or ""), str(error)]
    for spelling in (folder, os.path.abspath(folder)):
        for text in texts:
            # up to a quote, a comma or white space: messages put paths into sentences
            match = re.search(re.escape(spelling) + r"(?P<rest>/[^'\"`,;:\s]*)?", text)
            if match:
                return (match["rest"] or "").strip("/").rstrip(".")
    return None


def _unpickled_main(error: BaseException) -> Optional[str]:
    match = re.match(r"Can't get attribute '(\w+)' on <module '(?:\w+\.)*__main__'", str(error))
    if not isinstance(error, AttributeError) or not match:
        return None
    return (
        "The model was pickled by a script that defined '%s' itself: define it in a module, put "
        "that module into the source folder beside score.py (a model without a script has none: "
        "write one), and save the model again." % match[1]
    )
