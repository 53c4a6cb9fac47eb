"""How sections of the configuration are written."""


def quoted(text: object) -> str:
    """One word of the configuration, whatever is in it."""
    return "'" + str(text).replace("'", "'\\''") + "'"


def section(head: str, *lines: str) -> str:
    """A section under its head."""
    return "\n".join([head, *(f"    {line}" for line in lines), ""])


PAUSE = "server pause 127.0.0.1:1 backup"
"""A server where nobody listens: each try there takes ``timeout connect``."""
