"""Which request an outcome is of: its time, version and user, also where it is in files by now."""

from collections.abc import Collection, Mapping
from typing import Any

from modelyard.collector.asker import Asker
from modelyard.collector.feedback_told import Place, Requests
from modelyard.collector.moments import aware, naive

STEPS = (3600.0, 86_400.0, float("inf"))
"""Seconds back from now, looked through one after the other for what was not found before."""

# A copy that a shadow got has the same id, and is 'chosen' like what named its version: it comes
# last, as does the gateway's own row of a request that a front did not answer.
_FIND = """
    SELECT workspace, service, id, timestamp, application_Version, revision, user_Id,
        coalesce(chosen, false), operation_Id, cloud_RoleName, cloud_RoleInstance
    FROM requests
    WHERE id IN (SELECT unnest(?)) AND timestamp >= ? AND timestamp < ?
        AND workspace IS NOT NULL AND service IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY workspace, service, id
        ORDER BY coalesce(chosen, false), source <> 'front', timestamp) = 1
"""
_NAMES = (
    "requestTime", "application_Version", "revision", "user_Id", "chosen", "operation_Id",
    "cloud_RoleName", "cloud_RoleInstance",
)  # fmt: skip


async def find(
    store: Asker, ids: Collection[str], now: float, furthest: float = float("inf")
) -> Requests:
    """
    The requests with these ids that are known; ``furthest`` in seconds back from ``now``.

    What is looked for is first looked for where it most likely is: in the last hour, then in a
    day, then in all of it. Raises Unavailable, DiskFull.
    """
    found: dict[Place, Mapping[str, Any]] = {}
    left, before = set(ids), now + 86_400.0
    for step in STEPS:
        if not left:
            break
        after = max(0.0, now - min(step, furthest))
        asked = [sorted(left), naive(after), naive(before)]
        for row in await store.query(_FIND, asked, since=after):
            found[row[:3]] = _facts(row)
            left.discard(row[2])
        if step >= furthest:
            break
        before = after
    return found


def _facts(row: tuple[Any, ...]) -> dict[str, Any]:
    workspace, service, _, time, *rest = row
    values = (aware(time).timestamp(), *rest)
    return {"workspace": workspace, "service": service, **dict(zip(_NAMES, values, strict=True))}
