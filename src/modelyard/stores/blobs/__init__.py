"""Files by the SHA-256 of their bytes, in a folder."""

from modelyard.stores.blobs.files import FileBlobStore

__all__ = ["FileBlobStore"]
