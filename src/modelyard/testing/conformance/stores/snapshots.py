"""What ``SnapshotStore`` promises."""

import pytest

from modelyard.domain.errors import NotFound
from modelyard.stores.stores import Stores
from modelyard.testing.conformance.stores.samples import at_once, manifest, sha256


class SnapshotStoreSuite:
    """Inherit and give a fixture ``stores``."""

    def test_a_manifest_comes_back_by_its_digest(self, stores: Stores) -> None:
        whole = manifest({"score.py": b"a", "datos/año.csv": b"b"}, run=["score.py"])

        digest = stores.snapshots.add(whole)

        assert digest == whole.digest
        assert stores.snapshots.get(digest) == whole

    def test_a_single_file_stays_single(self, stores: Stores) -> None:
        single = manifest({"model.pkl": b"a"}, single=True)

        assert stores.snapshots.get(stores.snapshots.add(single)) == single

    def test_adding_is_repeatable(self, stores: Stores) -> None:
        whole = manifest({"a": b"a"})

        digests = at_once(16, lambda _: stores.snapshots.add(whole))

        assert set(digests) == {whole.digest}
        assert list(stores.snapshots.digests()) == [whole.digest]

    def test_all_digests_are_given(self, stores: Stores) -> None:
        added = {stores.snapshots.add(manifest({name: b"a"})) for name in ("a", "b", "c")}

        assert set(stores.snapshots.digests()) == added

    def test_removing_is_repeatable(self, stores: Stores) -> None:
        digest = stores.snapshots.add(manifest({"a": b"a"}))

        stores.snapshots.remove(digest)
        stores.snapshots.remove(digest)

        with pytest.raises(NotFound, match=digest):
            stores.snapshots.get(digest)

    def test_a_missing_one_is_named(self, stores: Stores) -> None:
        with pytest.raises(NotFound, match=sha256("x")):
            stores.snapshots.get(sha256("x"))
