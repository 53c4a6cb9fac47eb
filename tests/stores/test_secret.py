import sqlite3
from pathlib import Path

import pytest

from modelyard.domain.errors import BadInput, Conflict
from modelyard.domain.services import Keys
from modelyard.stores.secret import read_or_create_secret
from modelyard.stores.sql import open_sql
from modelyard.testing.conformance.stores import samples
from modelyard.testing.conformance.stores.samples import at_once
from tests.stores.backends import SECRET

KEYS = Keys("the-primary-key", "the-secondary-key")


def test_the_secret_is_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"

    secret = read_or_create_secret(path)

    assert read_or_create_secret(path) == secret
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_all_who_make_it_at_once_get_the_same(tmp_path: Path) -> None:
    secrets = at_once(16, lambda _: read_or_create_secret(tmp_path / "secret.key"))

    assert len(set(secrets)) == 1


def test_keys_are_encrypted_in_the_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/modelyard.db"
    stores = samples.furnished(open_sql(url, SECRET))
    stores.services.add(samples.service(), KEYS)
    stores.services.set_keys("svc-salary", KEYS)
    stores.close()

    with sqlite3.connect(tmp_path / "modelyard.db") as connection:
        kept = "\n".join(connection.iterdump())
    connection.close()

    assert "svc-salary" in kept
    assert "the-primary-key" not in kept
    assert "the-secondary-key" not in kept


def test_under_another_secret_keys_cannot_be_read_but_made_anew(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/modelyard.db"
    stores = samples.furnished(open_sql(url, SECRET))
    stores.services.add(samples.service(), KEYS)
    stores.close()
    stores = open_sql(url, read_or_create_secret(tmp_path / "another.key"))

    with pytest.raises(Conflict, match="another secret"):
        stores.services.keys("svc-salary")

    stores.services.set_keys("svc-salary", KEYS)
    assert stores.services.keys("svc-salary") == KEYS
    stores.close()


@pytest.mark.parametrize("secret", [b"", b"short", b"\xff" * 44])
def test_what_is_no_secret_is_refused(tmp_path: Path, secret: bytes) -> None:
    with pytest.raises(BadInput, match="secret key"):
        open_sql(f"sqlite:///{tmp_path}/modelyard.db", secret)
