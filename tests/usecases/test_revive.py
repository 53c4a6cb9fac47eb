"""What becomes of services whose processes are all gone."""

from datetime import UTC, datetime

import pytest

from modelyard.domain.services import Revision, RevisionContent, RevisionState, ServiceVersion
from modelyard.usecases.revive import revived

PENDING, STARTING, READY = RevisionState.PENDING, RevisionState.STARTING, RevisionState.READY
DRAINING, STOPPED, FAILED = RevisionState.DRAINING, RevisionState.STOPPED, RevisionState.FAILED
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("states", "live", "becomes", "lives"),
    [
        pytest.param([READY], 1, [PENDING], None, id="what served begins anew"),
        pytest.param([STOPPED, READY], 2, [STOPPED, PENDING], None, id="what ended has ended"),
        pytest.param([READY, STARTING], 1, [READY, PENDING], 1, id="the old one serves meanwhile"),
        pytest.param([READY, FAILED], 1, [READY, FAILED], 1, id="the old one serves instead"),
        pytest.param([FAILED], None, [FAILED], None, id="what failed has failed"),
        pytest.param(
            [DRAINING, READY], 2, [STOPPED, PENDING], None, id="nothing is to be drained"
        ),
        pytest.param([PENDING], None, [PENDING], None, id="what had not begun begins"),
        pytest.param([STOPPED], None, [STOPPED], None, id="a stopped service stays stopped"),
        pytest.param(
            [STARTING, PENDING], None, [STOPPED, PENDING], None, id="only the last counts"
        ),
    ],
)
def test_revived(
    states: list[RevisionState],
    live: int | None,
    becomes: list[RevisionState],
    lives: int | None,
) -> None:
    content = RevisionContent("", "score.py", (), "")
    revisions = [
        Revision(f"r{n}", "svc", "default", n, content, state, NOW)
        for n, state in enumerate(states, start=1)
    ]

    revival = revived(ServiceVersion("svc", "default", len(states), live), revisions)

    assert [revival.states.get(r.id, r.state) for r in revisions] == becomes
    assert revival.live == lives
