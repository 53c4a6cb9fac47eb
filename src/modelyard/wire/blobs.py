"""Content-addressed files, and manifests made of them."""

from modelyard.wire.base import Request, Wire


class Digests(Request):
    """Which of these SHA-256 digests are missing?"""

    digests: list[str]


class Missing(Wire):
    """Those that must be uploaded."""

    missing: list[str]


class FileEntry(Wire):
    """One file of a folder."""

    path: str
    sha256: str
    size: int
    executable: bool = False


class ManifestRequest(Request):
    """The files of a folder (or one file: ``single``)."""

    files: list[FileEntry]
    single: bool = False


class Manifest(Wire):
    """A stored manifest; ``digest`` names it, ``size`` is the bytes of all files."""

    digest: str
    files: list[FileEntry]
    size: int
    single: bool = False


class Upload(Wire):
    """How far an upload is, in bytes; ``complete`` when the blob is verified and in place."""

    sha256: str
    offset: int
    complete: bool
