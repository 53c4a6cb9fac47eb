"""The collected inputs and outputs of a service: ``service.inputs``."""

from collections.abc import Mapping
from typing import Any

from modelyard.sdk.client import Client, path
from modelyard.sdk.telemetry import BASE, Moment, told
from modelyard.sdk.telemetry_result import QueryResult
from modelyard.wire import telemetry
from modelyard.wire.inputs import Collected, CollectedFile, Erased, EraseRequest


class Inputs:
    """
    What was collected since the service was deployed with ``collect_model_data=True``.

    ``designation`` is 'inputs', 'predictions', 'labels', 'signals' or 'general' of a
    ModelDataCollector, or the name of a Collector. Rows of one correlation id belong together.
    """

    def __init__(self, client: Client, workspace: str, service: str) -> None:
        self._client = client
        self._path = BASE + path("services", workspace, service, "inputs")

    def files(self) -> list[CollectedFile]:
        """The files, each of one hour; ``path`` is on the server."""
        return self.status().items

    def status(self) -> Collected:
        """The files, and what could not be kept, and why."""
        return self._client.get(self._path, Collected)

    def rows(
        self,
        designation: str = "inputs",
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        model: str | None = None,
        version: str | None = None,
        request_id: str | None = None,
        correlation_id: str | None = None,
        limit: int = 100_000,
    ) -> QueryResult:
        """
        Rows, oldest first, ``limit`` at most (``truncated`` says that there are more).

        Raises ``NotFound`` where nothing was collected.
        """
        asked: Mapping[str, Any] = {
            "designation": designation, "model": model, "version": version, "limit": limit,
            "request_id": request_id, "correlation_id": correlation_id,
            "since": None if since is None else told(since),
            "until": None if until is None else told(until),
        }  # fmt: skip
        query = {name: value for name, value in asked.items() if value is not None}
        return QueryResult(self._client.get(f"{self._path}/rows", telemetry.QueryResult, query))

    def to_pandas(self, designation: str = "inputs", **more: Any) -> Any:
        """A ``pandas.DataFrame`` of ``rows``. Raises ``NotFound``, ``MissingExtra``."""
        return self.rows(designation, **more).to_pandas()

    def erase(self, column: str, value: Any) -> Erased:
        """
        Take out all rows that have this value in a column, of every designation; in hashed
        columns its hash is looked for. It returns when the files are rewritten.

        Raises ``BadInput`` where there is no such column.
        """
        asked = EraseRequest(column=column, value=str(value))
        return self._client.send("POST", f"{self._path}/erase", asked, Erased)
