"""
Microsoft's inference-schema, where the script uses it.

It is never imported here: a script that is decorated has imported it. Two faults of the original
are mended on the way. What cannot be converted is the caller's error and names the field, not a
500; and columns of a data frame are found by their names, whatever their order (the original
scores such rows silently wrong).
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, Callable, Dict, Optional, Tuple

from modelyard_worker import columns
from modelyard_worker.conversions import converted
from modelyard_worker.errors import BadInput

Schemas = Optional[Dict[str, Any]]

_CONVERTERS = ("_deserialize_input_argument", "deserialize_input")


def is_decorated(run: Callable[..., Any]) -> bool:
    """Whether ``run`` has an ``@input_schema`` or ``@output_schema``."""
    util = sys.modules.get("inference_schema.schema_util")
    if util is None:
        return False
    try:
        return bool(util.is_schema_decorated(run))
    except ValueError:  # an empty closure cell of a foreign decorator
        return False


def schemas_of(run: Callable[..., Any]) -> Tuple[Schemas, Schemas]:
    """Input and output schema for each version of OpenAPI that can hold them."""
    util = sys.modules.get("inference_schema.schema_util")
    if util is None or not is_decorated(run):
        return None, None
    supported = getattr(util, "get_supported_versions", None)
    versions = supported(run) if supported else ["2.0", "3.0", "3.1"]
    given, returned = util.get_input_schema(run), util.get_output_schema(run)
    return dict.fromkeys(versions, given), dict.fromkeys(versions, returned)


def mend() -> None:
    """Put our conversion around inference-schema's; does nothing where it is not imported."""
    module = sys.modules.get("inference_schema.schema_decorators")
    original = getattr(module, "_deserialize_input_argument", None)
    if module is None or original is None or getattr(original, "mended", False):
        return
    _wrap(module, original)


def _wrap(module: ModuleType, original: Callable[..., Any]) -> None:
    reading = columns.read_carefully()

    def convert(data: Any, kind: Any, name: str = "", *rest: Any) -> Any:
        def leaf(value: Any, inner: Any) -> Any:
            if reading is not None:
                reading.expect(inner)
            return original(value, inner, name, *rest)

        try:
            return converted(data, kind, name, leaf)
        except BadInput as error:  # with a cause, as the answer's sentence for inputs wants it
            raise BadInput(error.message, error.field) from error

    convert.mended = True  # type: ignore[attr-defined]
    module._deserialize_input_argument = convert  # type: ignore[attr-defined]


def raised_while_converting(error: BaseException) -> bool:
    """Whether an older inference-schema, which cannot be mended, refused the input."""
    at = error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_name in _CONVERTERS:
            return True
        at = at.tb_next
    return False
