"""What Azure's well-known machine sizes have, so that a target that names one is as large."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class VmSize:
    """``memory`` in bytes, ``gpus`` in cards."""

    cores: int
    memory: int
    gpus: int = 0


# series: cores: (GB, cards)
_SERIES: Mapping[str, Mapping[int, tuple[float, int]]] = {
    "a_v2": {1: (2, 0), 2: (4, 0), 4: (8, 0), 8: (16, 0)},
    "d_v3": {2: (8, 0), 4: (16, 0), 8: (32, 0), 16: (64, 0), 32: (128, 0), 64: (256, 0)},
    "e_v3": {2: (16, 0), 4: (32, 0), 8: (64, 0), 16: (128, 0), 32: (256, 0), 64: (432, 0)},
    "f_v2": {2: (4, 0), 4: (8, 0), 8: (16, 0), 16: (32, 0), 32: (64, 0), 64: (128, 0),
             72: (144, 0)},
    "nc": {6: (56, 1), 12: (112, 2), 24: (224, 4)},
    "nc_v2": {6: (112, 1), 12: (224, 2), 24: (448, 4)},
    "nc_v3": {6: (112, 1), 12: (224, 2), 24: (448, 4)},
    "nd": {6: (112, 1), 12: (224, 2), 24: (448, 4)},
    "nv": {6: (56, 1), 12: (112, 2), 24: (224, 4)},
}  # fmt: skip
_SERIES = {**_SERIES, "d_v4": _SERIES["d_v3"], "d_v5": _SERIES["d_v3"], "e_v4": _SERIES["e_v3"]}

# the second series of D counts machines, not cores: cores, GB
_SECOND_D: Mapping[int, tuple[int, float]] = {
    1: (1, 3.5), 2: (2, 7), 3: (4, 14), 4: (8, 28), 5: (16, 56),
    11: (2, 14), 12: (4, 28), 13: (8, 56), 14: (16, 112), 15: (20, 140),
}  # fmt: skip

_NAME = re.compile(r"(?:standard|basic)_([a-z]+?)s?(\d+)(?:[a-z]*?)(?:_(v\d))?(?:_promo)?")


def vm_size(name: str) -> VmSize | None:
    """What a size like 'Standard_D3_v2' has, or None where it is not known here."""
    found = _NAME.fullmatch(name.strip().lower())
    if found is None:
        return None
    family, number, series = found[1], int(found[2]), found[3]
    if family == "d" and series == "v2":
        cores, memory = _SECOND_D.get(number, (0, 0.0))
        return VmSize(cores, int(memory * GB)) if cores else None
    known = _SERIES.get(f"{family}_{series}" if series else family, {}).get(number)
    return None if known is None else VmSize(number, int(known[0] * GB), known[1])
