"""The rules that names keep, with messages that say what is allowed."""

import re
import secrets

from modelyard.domain.errors import BadName

_RULES = {
    "workspace": (r"[a-zA-Z0-9][a-zA-Z0-9_-]{1,32}",
                  "2 to 33 letters, digits, '_' or '-', starting with a letter or digit"),
    "experiment": (r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,35}",
                   "3 to 36 letters, digits, '_' or '-', starting with a letter or digit"),
    "model": (r"[a-zA-Z0-9][a-zA-Z0-9\-._]{0,254}",
              "1 to 255 letters, digits, '-', '.' or '_', starting with a letter or digit"),
    "environment": (r"[a-zA-Z0-9][a-zA-Z0-9\-._]{0,254}",
                    "1 to 255 letters, digits, '-', '.' or '_', starting with a letter or digit"),
    "service": (r"(?=.{3,32}$)[a-z]([-a-z0-9]*[a-z0-9])?",
                "3 to 32 lower-case letters, digits or '-', starting with a letter and not "
                "ending with '-'"),
    "service version": (r"(?=.{1,32}$)[a-z]([-a-z0-9]*[a-z0-9])?",
                        "1 to 32 lower-case letters, digits or '-', starting with a letter and "
                        "not ending with '-'"),
    "run": (r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,255}",
            "1 to 256 letters, digits, '_' or '-', starting with a letter or digit"),
    "token": (r"[a-zA-Z0-9][a-zA-Z0-9_.@-]{0,63}",
              "1 to 64 letters, digits, '_', '.', '@' or '-', starting with a letter or digit"),
    "compute": (r"[a-zA-Z][a-zA-Z0-9-]{0,22}[a-zA-Z0-9]",
                "2 to 24 letters, digits or '-', starting with a letter and not ending with '-'"),
    "image": (r"[a-z0-9][a-z0-9\-._]{0,254}",
              "1 to 255 lower-case letters, digits, '-', '.' or '_'"),
}  # fmt: skip


def check_name(noun: str, name: object) -> str:
    """The name, when it keeps the rule of its noun; raises ``BadName`` naming the rule if not."""
    pattern, words = _RULES[noun]
    if not isinstance(name, str) or not re.fullmatch(pattern, name):
        named = f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
        raise BadName(f"{name!r} cannot be the name of {named}: it must be {words}.")
    return name


def short_id(prefix: str = "") -> str:
    """A new random id of 10 hexadecimal characters, short enough for socket paths."""
    return prefix + secrets.token_hex(5)
