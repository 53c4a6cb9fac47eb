"""Options that several commands share, written once as the fields of a dataclass."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import wraps
from typing import Any, get_type_hints


def grouped_options(
    **groups: type[Any],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """
    Give a command the fields of dataclasses as options: ``@grouped_options(runs=Runs)`` puts those
    of ``Runs`` where the command has its parameter ``runs``, which then gets a ``Runs``. What a
    field's default is, None unless said, is the option's.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)
        signature = inspect.signature(command)
        parameters: list[inspect.Parameter] = []
        for name, parameter in signature.parameters.items():
            if name in groups:
                parameters += _of(groups[name])
            else:
                parameters.append(parameter.replace(annotation=hints[name]))
        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]

        @wraps(command)
        def call(**given: Any) -> None:
            made = {
                name: kind(**{field.name: given.pop(field.name) for field in fields(kind)})
                for name, kind in groups.items()
            }
            command(**given, **made)

        call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        call.__annotations__ = {p.name: p.annotation for p in parameters}
        del call.__wrapped__  # its signature is another one
        return call

    return decorate


def _of(kind: type[Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(kind)
    ]
