"""What ``TokenStore`` promises."""

from dataclasses import replace
from datetime import timedelta

import pytest

from modelyard.domain.errors import AlreadyExists, NotFound
from modelyard.stores.stores import Stores
from modelyard.testing.conformance.stores import samples
from modelyard.testing.conformance.stores.samples import NOW, at_once, sha256


class TokenStoreSuite:
    """Inherit and give a fixture ``stores``."""

    def test_a_token_is_found_by_the_hash_of_its_secret(self, stores: Stores) -> None:
        stores.tokens.add(samples.token())

        assert stores.tokens.find(sha256("ci")) == samples.token()
        assert stores.tokens.find(sha256("other")) is None

    def test_the_newest_are_listed_first_revoked_ones_too(self, stores: Stores) -> None:
        for name in ("one", "two"):
            stores.tokens.add(samples.token(name))
        stores.tokens.revoke("id-one", NOW)

        listed = stores.tokens.list()

        assert listed == [samples.token("two"), samples.token("one", revoked=NOW)]

    def test_a_name_is_free_again_when_its_token_is_revoked(self, stores: Stores) -> None:
        stores.tokens.add(samples.token())
        again = samples.token(id="second", sha256=sha256("second"))
        with pytest.raises(AlreadyExists, match="'ci'"):
            stores.tokens.add(again)

        stores.tokens.revoke("id-ci", NOW)
        stores.tokens.add(again)

        assert stores.tokens.find(again.sha256) == again

    def test_of_many_who_add_the_same_name_one_succeeds(self, stores: Stores) -> None:
        def add(index: int) -> bool:
            try:
                stores.tokens.add(samples.token(id=f"t{index}", sha256=sha256(str(index))))
            except AlreadyExists:
                return False
            return True

        assert sum(at_once(16, add)) == 1

    def test_the_first_time_of_revoking_stays(self, stores: Stores) -> None:
        stores.tokens.add(samples.token())

        stores.tokens.revoke("id-ci", NOW)
        stores.tokens.revoke("id-ci", NOW + timedelta(hours=1))

        assert stores.tokens.find(sha256("ci")) == replace(samples.token(), revoked=NOW)

    def test_a_missing_one_is_named(self, stores: Stores) -> None:
        with pytest.raises(NotFound, match="'id-ci'"):
            stores.tokens.revoke("id-ci", NOW)
