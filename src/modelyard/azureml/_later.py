"""Names that scripts import and Modelyard does not have: they may be imported, not used."""

from typing import Any

from modelyard.sdk.errors import NotSupportedException, not_supported


class _SaysWhatToUse(type):
    """Raises for a call and for every attribute, so that the first use says what to do."""

    _instead: str

    def __call__(cls, *_: Any, **__: Any) -> Any:
        raise _error(cls)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise _error(cls, name)


def later(name: str, instead: str) -> Any:
    """A class of that name whose use raises ``NotSupportedException`` with the sentence."""
    return _SaysWhatToUse(name, (), {"_instead": instead, "__module__": __name__})


def _error(cls: _SaysWhatToUse, attribute: str = "") -> NotSupportedException:
    what = f"{cls.__name__}.{attribute}" if attribute else cls.__name__
    return not_supported(what, cls._instead)


DATA = "Read files with pandas or open()."
COMPUTE = "Runs and services use this machine: use AksCompute or AmlCompute, or leave it out."
