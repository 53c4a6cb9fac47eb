"""Runs, their metrics and files in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from modelyard.domain.errors import AlreadyExists, NotFound
from modelyard.domain.runs import Metric, Run, RunFile
from modelyard.stores import documents
from modelyard.testing.stores.memory import Memory, has_entries, kept


class MemoryRunStore:
    """``RunStore`` in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, run: Run) -> Run:
        key, memory = (run.workspace, run.id), self._memory
        with memory.lock:
            if (run.workspace, run.experiment) not in memory.experiments:
                raise NotFound(
                    f"There is no experiment {run.experiment!r} in workspace {run.workspace!r}."
                )
            if key in memory.runs:
                raise AlreadyExists(
                    f"There is a run {run.id!r} in workspace {run.workspace!r} already."
                )
            number = memory.next(run.workspace, "run", run.experiment)
            added = kept(replace(run, number=number, order=memory.next("", "run")))
            memory.runs[key], memory.metrics[key], memory.files[key] = added, [], {}
            return kept(added)

    def get(self, workspace: str, id: str) -> Run:
        with self._memory.lock:
            return kept(self._find(workspace, id))

    def list(
        self,
        workspace: str,
        *,
        experiment: str | None = None,
        status: str | None = None,
        type: str | None = None,
        parent: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, str | None] | None = None,
        include_children: bool = True,
        limit: int | None = None,
        before: int | None = None,
    ) -> Sequence[Run]:
        wanted = {"experiment": experiment, "status": status, "type": type, "parent": parent}

        def fits(run: Run) -> bool:
            return (
                run.workspace == workspace
                and all(v is None or getattr(run, k) == v for k, v in wanted.items())
                and (include_children or parent is not None or run.parent is None)
                and (before is None or run.order < before)
                and has_entries(run.tags, tags)
                and has_entries(run.properties, properties)
            )

        with self._memory.lock:
            newest_first = sorted(self._memory.runs.values(), key=lambda run: -run.order)
            return [kept(run) for run in islice(filter(fits, newest_first), limit)]

    def change(self, workspace: str, id: str, decide: Callable[[Run], Run]) -> Run:
        with self._memory.lock:
            before = self._find(workspace, id)
            after = replace(
                decide(kept(before)),
                id=id,
                workspace=workspace,
                experiment=before.experiment,
                number=before.number,
                order=before.order,
            )
            self._memory.runs[workspace, id] = kept(after)
            return after

    def open_jobs(self) -> Sequence[Run]:
        with self._memory.lock:
            found = (r for r in self._memory.runs.values() if r.is_job and not r.status.terminal)
            return [kept(run) for run in sorted(found, key=lambda run: run.order)]

    def add_metrics(self, workspace: str, id: str, metrics: Sequence[Metric]) -> None:
        with self._memory.lock:
            self._find(workspace, id)
            self._memory.metrics[workspace, id] += [_copy(metric) for metric in metrics]

    def metrics(self, workspace: str, id: str, name: str | None = None) -> Sequence[Metric]:
        with self._memory.lock:
            self._find(workspace, id)
            logged = self._memory.metrics[workspace, id]
            return [_copy(metric) for metric in logged if name in {None, metric.name}]

    def put_files(self, workspace: str, id: str, files: Sequence[RunFile]) -> None:
        with self._memory.lock:
            self._find(workspace, id)
            self._memory.files[workspace, id].update({file.path: file for file in files})

    def files(self, workspace: str, id: str) -> Sequence[RunFile]:
        with self._memory.lock:
            self._find(workspace, id)
            return [file for _, file in sorted(self._memory.files[workspace, id].items())]

    def _find(self, workspace: str, id: str) -> Run:
        try:
            return self._memory.runs[workspace, id]
        except KeyError:
            raise NotFound(f"There is no run {id!r} in workspace {workspace!r}.") from None


def _copy(metric: Metric) -> Metric:
    return replace(metric, value=documents.decode(documents.encode_loose(metric.value)))
