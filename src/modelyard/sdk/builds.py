"""Following the build of an environment while it runs."""

import time
from collections.abc import Callable

from modelyard.sdk.client import Client, path
from modelyard.wire.environments import Build

_POLL = 0.2
ENDED = frozenset({"Succeeded", "Failed"})
"""States of a build after which nothing follows."""


def follow(client: Client, workspace: str, digest: str, tell: Callable[[str], None]) -> Build:
    """Pass each line of the build's log to ``tell`` until it has ended; the ended build."""
    target = path("workspaces", workspace, "builds", digest)
    offset = 0
    rest = ""
    while True:
        # the state is asked before the log, so that nothing written before the end is missed
        build = client.get(target, Build)
        answer = client.request("GET", f"{target}/log", query={"offset": offset})
        offset = int(answer.headers.get("X-Log-Offset", offset + len(answer.data)))
        *lines, rest = (rest + answer.data.decode(errors="replace")).split("\n")
        for line in lines:
            tell(line)
        if build.state in ENDED:
            if rest:
                tell(rest)
            return build
        time.sleep(_POLL)  # noqa: TID251 - polls a server
