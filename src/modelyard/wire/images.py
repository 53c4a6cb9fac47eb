"""Images (deprecated in Azure): a named, versioned content that services can be deployed from."""

from datetime import datetime

from modelyard.wire.base import Request, Wire
from modelyard.wire.services import Content


class ImageRequest(Request):
    """Keeps a content as the next version of the name."""

    name: str
    content: Content
    description: str = ""
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}


class Image(Wire):
    """A kept content; ``state`` is its environment's: Running, Succeeded or Failed."""

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
