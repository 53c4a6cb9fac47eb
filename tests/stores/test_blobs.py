from pathlib import Path

import pytest

from modelyard.stores.blobs import FileBlobStore
from modelyard.testing.conformance.stores.blobs import BlobStoreSuite
from modelyard.testing.stores import MemoryBlobStore


class TestMemory(BlobStoreSuite):
    @pytest.fixture
    def blobs(self) -> MemoryBlobStore:
        return MemoryBlobStore()


class TestFiles(BlobStoreSuite):
    @pytest.fixture
    def blobs(self, tmp_path_factory: pytest.TempPathFactory) -> FileBlobStore:
        folder: Path = tmp_path_factory.mktemp("store")
        return FileBlobStore(folder)
