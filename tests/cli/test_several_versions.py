"""What commands make of a service with several versions, each of which counts its revisions."""

from datetime import UTC, datetime
from typing import Any

from modelyard.cli import deployments
from modelyard.wire.services import Revision, Service, Version

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def revision(version: str, number: int, **content: Any) -> Revision:
    return Revision(
        id=f"{version}{number}", version=version, number=number, state="ready", created=NOW,
        content=content,
    )  # fmt: skip


REVISIONS = [
    revision("bad", 1, variables={"FAILING": "1"}),
    revision("blue", 1, variables={"ANSWER": "blue"}),
]


def test_a_service_is_changed_from_what_its_default_version_has() -> None:
    service = Service(
        id="s", workspace="lab", name="churn", kind="NATIVE", state="Healthy", auth="key",
        scoring_uri="", swagger_uri="", created=NOW, updated=NOW,
        default_version="blue", wanted_revision=1, revisions=REVISIONS,
    )  # fmt: skip

    assert deployments.wanted(service)["variables"] == {"ANSWER": "blue"}


def test_a_version_is_changed_from_what_it_has_itself() -> None:
    version = Version(
        name="bad", service="churn", workspace="lab", state="Healthy", wanted_revision=1,
        revisions=REVISIONS[:1],
    )  # fmt: skip

    assert deployments.wanted(version)["variables"] == {"FAILING": "1"}
