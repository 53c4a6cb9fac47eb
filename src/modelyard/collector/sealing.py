"""Everything into files at once, for whoever copies the files."""

import asyncio
from collections.abc import Sequence

from modelyard.collector.answers import BASE
from modelyard.collector.inputs.collect import Inputs
from modelyard.collector.store import Store
from modelyard.collector.web import HttpAnswer, HttpRequest, Route
from modelyard.domain.errors import DiskFull, Forbidden, Unavailable

PATH = f"{BASE}/seal"


class Sealing:
    """``POST …/seal``, over the collector's own socket only."""

    def __init__(self, store: Store, inputs: Inputs) -> None:
        self._store = store
        self._inputs = inputs

    def routes(self) -> Sequence[Route]:
        """The one."""
        return (Route("POST", PATH, self._seal),)

    async def _seal(self, request: HttpRequest) -> HttpAnswer:
        """Answers when all rows that had come are in files. Raises DiskFull, Unavailable."""
        # the gateway takes this away from whoever else says so
        if request.headers.get("x-modelyard-role") != "control":
            raise Forbidden("Only the server itself has its telemetry written to files.")
        await self._store.settled()
        try:
            await asyncio.to_thread(self._store.seal_all)
            await self._inputs.do(self._inputs.seal_everything)
        except DiskFull:
            raise
        except OSError as error:
            raise Unavailable(f"Files cannot be written now: {error}") from error
        return HttpAnswer(204)
