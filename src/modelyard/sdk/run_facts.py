"""What is known of a run: its status, names, logs; and waiting for its end."""

import threading
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import modelyard
from modelyard.domain.runs import RunStatus
from modelyard.sdk.errors import ActivityFailedException
from modelyard.sdk.run_files import HasFiles
from modelyard.sdk.run_logs import RunLog
from modelyard.sdk.run_tags import HasTags
from modelyard.wire import runs as wire

_POLL_FIRST, _POLL_SHOWN, _POLL_LAST = 0.1, 0.5, 2.0


class RunFacts(HasFiles, HasTags):
    """Attributes, details and the end of a run."""

    _experiment: "modelyard.Experiment"
    _id: str
    _facts: wire.Run

    @abstractmethod
    def get_details(self) -> dict[str, Any]:
        """Status, times, properties and more under Azure's keys."""

    def wait_for_completion(
        self,
        show_output: bool = False,
        wait_post_processing: bool = False,
        raise_on_error: bool = True,
    ) -> dict[str, Any]:
        """
        Wait for the end of the run; its details.

        Raises ``ActivityFailedException`` when it failed or was cancelled.
        """
        log = RunLog(self._client, self._experiment.workspace.name, self._read())
        pause = _POLL_FIRST
        while True:
            # the status is asked before the log, so that nothing printed before the end is missed
            status = self._read().status
            if show_output:
                print(log.more(status), end="", flush=True)
            if RunStatus(status).terminal:
                break
            threading.Event().wait(pause)
            pause = min(pause * 1.5, _POLL_SHOWN if show_output else _POLL_LAST)
        if show_output:
            print(f"\nExecution Summary\n=================\nRunId: {self.id}")
            print(f"Status: {self._facts.status}")
        found = self.get_details()
        if raise_on_error and self._facts.status != RunStatus.COMPLETED:
            raise ActivityFailedException(
                f"Run {self.id!r} ended as {self._facts.status}: {why(self._facts)}",
                details={"error": self._facts.error},
            )
        return found

    @property
    def id(self) -> str:
        return self._id

    @property
    def run_id(self) -> str:
        return self._id

    @property
    def name(self) -> str | None:
        return self._facts.name

    @property
    def display_name(self) -> str:
        return self._facts.name or self._id

    @display_name.setter
    def display_name(self, display_name: str) -> None:
        self._change(wire.RunChange(name=display_name))

    @property
    def description(self) -> str:
        return self._facts.description

    @description.setter
    def description(self, description: str) -> None:
        self._change(wire.RunChange(description=description))

    @property
    def type(self) -> str:
        return self._facts.type

    @property
    def number(self) -> int:
        return self._facts.number

    @property
    def status(self) -> str:
        done = RunStatus(self._facts.status).terminal
        return self._facts.status if done else self._read().status

    @property
    def experiment(self) -> "modelyard.Experiment":
        return self._experiment

    def __repr__(self) -> str:
        return (
            f"Run(experiment={self._experiment.name!r}, id={self.id!r}, "
            f"status={self._facts.status!r})"
        )

    @property
    def _facts_(self) -> wire.Run:
        return self._facts

    def _text(self, name: str) -> str:
        return self._bytes(name).decode(errors="replace")


def why(facts: wire.Run) -> str:
    """The message of a failure, or nothing."""
    error = (facts.error or {}).get("error", facts.error or {})
    return str(error.get("message") or "") if isinstance(error, Mapping) else str(error)
