"""Images (deprecated in Azure): a named, versioned content that services can be deployed from."""

from datetime import datetime

from modelyard.wire.base import Request, Wire
from modelyard.wire.contents import Content


class ImageRequest(Request):
    """Keeps a content as the next version of the name."""

    name: str
    content: Content
    description: str = ""
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}


class ImageChange(Request):
    """
    Changes what is not None: ``tags`` replaces, ``add_tags`` merges, ``remove_tags`` names keys.

    ``add_properties`` refuses a key that has another value (immutable).
    """

    description: str | None = None
    tags: dict[str, str] | None = None
    add_tags: dict[str, str] | None = None
    remove_tags: list[str] | None = None
    add_properties: dict[str, str] | None = None


class Image(Wire):
    """
    A kept content; ``state`` is its environment's: Running, Succeeded or Failed.

    ``build`` is the digest of that environment's build, ``error`` why it failed.
    """

    id: str
    workspace: str
    name: str
    version: int
    created: datetime
    state: str
    content: Content
    description: str = ""
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    created_by: str = ""
    build: str = ""
    error: str | None = None
