"""The API over fakes, and a caller of each role."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from modelyard.api.app import make_app
from modelyard.domain.tokens import Role
from tests.usecases.yard import Yard


@dataclass
class Caller:
    """Someone with a token (or without), below /api/v1."""

    client: TestClient[Litestar]
    token: str | None

    def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = dict(options.pop("headers", {}))
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return self.client.request(method, "/api/v1" + path, headers=headers, **options)


@dataclass
class Callers:
    """One of each role, and someone without a token."""

    client: TestClient[Litestar]
    owner: Caller
    contributor: Caller
    reader: Caller
    nobody: Caller


@contextmanager
def callers(yard: Yard) -> Iterator[Callers]:
    """The API over a yard."""
    with TestClient(make_app(yard.cases, "1.2.3"), raise_server_exceptions=False) as client:
        owner, contributor, reader = (
            Caller(client, yard.token(role))
            for role in (Role.OWNER, Role.CONTRIBUTOR, Role.READER)
        )
        yield Callers(client, owner, contributor, reader, Caller(client, None))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    """For tests that change nothing: one API for all of a module."""
    yard = Yard(tmp_path_factory.mktemp("shared"))
    yard.workspace()
    with callers(yard) as found:
        yield found


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    made = Yard(tmp_path)
    made.workspace()
    return made


@pytest.fixture
def own(yard: Yard) -> Iterator[Callers]:
    with callers(yard) as found:
        yield found


@pytest.fixture
def owner(own: Callers) -> Caller:
    return own.owner


@pytest.fixture
def contributor(own: Callers) -> Caller:
    return own.contributor


@pytest.fixture
def nobody(own: Callers) -> Caller:
    return own.nobody
