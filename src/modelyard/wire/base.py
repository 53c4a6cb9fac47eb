"""What all Structs of the wire share."""

from typing import Annotated, Generic, TypeVar

import msgspec


class Wire(msgspec.Struct, kw_only=True, omit_defaults=False, forbid_unknown_fields=False):
    """A value on the wire; unknown fields are passed over, so that older clients go on working."""


class Fixed(msgspec.Struct, kw_only=True, frozen=True):
    """A value on the wire that never changes, so that it may stand as a default."""


Why = Annotated[str, msgspec.Meta(max_length=1000)]
"""A reason that somebody gives; it is kept with what was done until the workspace is deleted."""


class Request(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A value that a client sends: an unknown field is an error that names it."""


T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], kw_only=True):
    """A part of a list; ``next`` is the cursor to ask for what follows, or None."""

    items: list[T]
    next: str | None = None
