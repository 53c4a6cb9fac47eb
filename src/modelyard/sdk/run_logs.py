"""Following what a job prints, and before that the build of its environment."""

import codecs

from modelyard.domain.errors import ModelyardError
from modelyard.domain.runs import RunStatus
from modelyard.sdk.client import Client, path
from modelyard.wire.runs import Run

_BUILDING = RunStatus.PREPARING
_LARGEST = 1000
"""Pieces of a log that are read in one go, so that one that grows without end lets go."""


class Tail:
    """One growing text on the server; each look gives what is new."""

    def __init__(self, client: Client, target: str) -> None:
        self._client = client
        self._target = target
        self._offset = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def more(self) -> str:
        """What was added since the last look; '' as well when the server says there is none."""
        pieces = []
        for _ in range(_LARGEST):
            try:
                answer = self._client.request("GET", self._target, query={"offset": self._offset})
            except ModelyardError:
                break
            if not answer.data:
                break
            self._offset += len(answer.data)
            pieces.append(self._decoder.decode(answer.data))
        return "".join(pieces)


class RunLog:
    """A run's log as it grows."""

    def __init__(self, client: Client, workspace: str, run: Run) -> None:
        self._log = Tail(client, path("workspaces", workspace, "runs", run.id, "log"))
        recipe = run.definition.get("job", {}).get("recipe")
        self._build = (
            Tail(client, path("workspaces", workspace, "builds", recipe, "log"))
            if recipe
            else None
        )
        self._building = False

    def more(self, status: str) -> str:
        """What is new; ``status`` must have been read before."""
        text = ""
        if self._build is not None and (self._building or status == _BUILDING):
            text = self._build.more()
            self._building = status == _BUILDING
        return text if self._building else text + self._log.more()
