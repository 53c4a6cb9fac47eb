"""Scoring keys: made, given, changed."""

import re
import secrets
import string
from dataclasses import replace

from modelyard.domain.errors import BadInput
from modelyard.domain.services import Keys

_ALPHABET = string.ascii_letters + string.digits
_RULE = re.compile(r"[!-~]{8,256}")


def new_key() -> str:
    """43 letters and digits: 256 random bits, and nothing that a shell or URL would change."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(43))


def check_key(name: str, value: str) -> str:
    """Raises BadInput when the key cannot be one; never says the value."""
    if not _RULE.fullmatch(value):
        raise BadInput(f"The {name} key must be 8 to 256 visible ASCII characters without spaces.")
    return value


def chosen_keys(primary: str | None, secondary: str | None, old: Keys | None) -> Keys:
    """The given keys, else the old ones, else new ones. Raises BadInput."""
    keys = Keys(
        primary=check_key("primary", primary) if primary else old.primary if old else new_key(),
        secondary=(
            check_key("secondary", secondary) if secondary else old.secondary if old else new_key()
        ),
    )
    if keys.primary == keys.secondary:
        raise BadInput(
            "The two keys must differ, so that one can be changed while the other serves."
        )
    return keys


def changed_keys(keys: Keys, which: str, value: str | None) -> Keys:
    """With one key made anew or set. Raises BadInput."""
    key = new_key() if value is None else check_key(which.lower(), value)
    if which.lower() == "primary":
        changed = replace(keys, primary=key)
    elif which.lower() == "secondary":
        changed = replace(keys, secondary=key)
    else:
        raise BadInput(f"{which!r} is no key: it must be 'Primary' or 'Secondary'.")
    if changed.primary == changed.secondary:
        raise BadInput(
            "The two keys must differ, so that one can be changed while the other serves."
        )
    return changed
