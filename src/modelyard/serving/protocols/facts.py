"""What a front knows of its service once a worker has said it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from modelyard.domain.fronts import FrontSpec
from modelyard.domain.predictors import Signature

TENSORFLOW = {"TensorFlow", "TfKeras"}


@dataclass(frozen=True, slots=True)
class Names:
    """Under which names and versions a service answers."""

    models: tuple[str, ...]
    versions: tuple[str, ...]


def names_of(spec: FrontSpec) -> Names:
    """The service's name first, its own version first."""
    models = dict.fromkeys([spec.service, *(model.name for model in spec.models)])
    versions = [spec.service_version, str(spec.revision)]
    versions += [str(model.version) for model in spec.models]
    return Names(tuple(models), tuple(dict.fromkeys(versions)))


def signature_of(hello: Mapping[str, Any]) -> Signature | None:
    """The signature that a worker told of a model without a script; None for a script."""
    told = hello.get("signature")
    return msgspec.convert(told, Signature, strict=False) if isinstance(told, Mapping) else None


def takes_missing(hello: Mapping[str, Any]) -> bool:
    """Whether the worker takes texts that are not there."""
    told = hello.get("signature")
    return isinstance(told, Mapping) and bool(told.get("missing"))


def usual_method(signature: Signature) -> str:
    """The method where none is asked for: predict where there is one."""
    methods: Sequence[str] = signature.methods
    return "predict" if "predict" in methods or not methods else methods[0]
