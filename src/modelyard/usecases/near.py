"""What the caller may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with up to three near names (or the first few there are), or ''."""
    names = sorted(set(known))
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return "Did you mean " + ", ".join(repr(n) for n in near) + "?"
    if not names:
        return "There is nothing here yet."
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return "There is " + ", ".join(repr(n) for n in names[:5]) + more + "."
