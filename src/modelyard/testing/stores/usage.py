"""Use of the disk by workspace, in memory."""

from collections.abc import Mapping

from modelyard.domain.services import RevisionContent
from modelyard.testing.stores.memory import Memory


class MemoryUsageStore:
    """``UsageStore`` in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def by_workspace(self) -> Mapping[str, int]:
        with self._memory.lock:
            return {name: self._usage(name) for name in self._memory.workspaces}

    def _usage(self, workspace: str) -> int:
        memory = self._memory
        held = {m.manifest for m in memory.models.values() if m.workspace == workspace}
        held |= {
            r.snapshot for r in memory.runs.values() if r.workspace == workspace and r.snapshot
        }
        mine = {s.id for s in memory.services.values() if s.workspace == workspace}
        for content in (
            *(r.content for r in memory.revisions.values() if r.service in mine),
            *(i.content for i in memory.images.values() if i.workspace == workspace),
        ):
            held |= _manifests(content)
        files = {
            file.sha256: file.size
            for (place, _), named in memory.files.items()
            if place == workspace
            for file in named.values()
        }
        sizes = (memory.manifests[d].size for d in held if d in memory.manifests)
        return sum(sizes) + sum(files.values())


def _manifests(content: RevisionContent) -> set[str]:
    return {content.source, *(model.manifest for model in content.models)}
