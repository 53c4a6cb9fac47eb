"""Models: registered from uploaded files or from a run's, changed, deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from modelyard.domain.errors import BadInput, InUse, NotFound
from modelyard.domain.manifests import FileEntry, Manifest, check_path
from modelyard.domain.models import Model
from modelyard.domain.names import check_name
from modelyard.domain.runs import RunFile
from modelyard.domain.samples import checked
from modelyard.domain.services import Revision, RevisionState, ServiceVersion
from modelyard.ports import (
    Clock,
    ImageStore,
    ModelStore,
    RunStore,
    ServiceStore,
    SnapshotStore,
    WorkspaceStore,
)
from modelyard.usecases.merging import merge_properties, merge_tags
from modelyard.usecases.near import did_you_mean
from modelyard.usecases.snapshots import Snapshots
from modelyard.wire.models import ModelChange, ModelRequest, RunModelRequest, Tensor


def parse_id(id: str) -> tuple[str, int | None]:
    """The name and version of ``name`` or ``name:version``. Raises BadInput."""
    name, colon, version = id.partition(":")
    check_name("model", name)
    if not colon:
        return name, None
    if not (version.isascii() and version.isdecimal()) or not 1 <= int(version) < 2**31:
        raise BadInput(f"{id!r} is no model id: it must be 'name' or 'name:version'.")
    return name, int(version)


def select_run_files(run_id: str, files: Sequence[RunFile], path: str) -> Manifest:
    """
    The file or folder ``path`` of a run as a manifest, laid out under its own last name.

    Raises NotFound naming near files.
    """
    wanted = check_path(path)
    base = wanted.rsplit("/", 1)[-1]
    for file in files:
        if file.path == wanted:
            return Manifest.of([FileEntry(base, file.sha256, file.size)], single=True)
    inside = [f for f in files if f.path.startswith(wanted + "/")]
    if not inside:
        raise NotFound(
            f"Run {run_id!r} has no file or folder {wanted!r}. "
            + did_you_mean(wanted, (f.path for f in files)),
            details={"files": [f.path for f in files][:100]},
        )
    cut = len(wanted) - len(base)
    return Manifest.of(FileEntry(f.path[cut:], f.sha256, f.size) for f in inside)


def holds(version: ServiceVersion, revision: Revision) -> bool:
    """Whether a revision still needs its models: it serves, shall serve, or finishes requests."""
    return revision.number in {version.wanted, version.live} or revision.state not in {
        RevisionState.FAILED,
        RevisionState.STOPPED,
    }


def _sample(tensors: Sequence[Tensor], field: str) -> tuple[Mapping[str, Any], ...]:
    return checked((msgspec.structs.asdict(tensor) for tensor in tensors), field)


class Models:
    """What people do with models."""

    def __init__(
        self,
        store: ModelStore,
        workspaces: WorkspaceStore,
        runs: RunStore,
        manifests: SnapshotStore,
        snapshots: Snapshots,
        services: ServiceStore,
        images: ImageStore,
        clock: Clock,
    ) -> None:
        self._store = store
        self._workspaces = workspaces
        self._runs = runs
        self._manifests = manifests
        self._snapshots = snapshots
        self._services = services
        self._images = images
        self._clock = clock

    def register(self, workspace: str, request: ModelRequest, created_by: str = "") -> Model:
        """The next version of the name. Raises BadName, BadInput, NotFound."""
        self._workspaces.get(workspace)
        manifest = self._manifests.get(request.manifest)
        if not manifest.files:
            raise BadInput(f"Model {request.name!r} would have no files.")
        self._snapshots.check_whole(manifest)
        experiment = None
        if request.run_id is not None:
            experiment = self._runs.get(workspace, request.run_id).experiment
        if request.framework_version is not None and request.framework is None:
            raise BadInput("framework_version says nothing without framework: give both.")
        return self._store.add(
            Model(
                workspace=workspace,
                name=request.name,
                version=0,
                manifest=manifest.digest,
                size=manifest.size,
                created=self._clock.now(),
                description=request.description,
                tags=request.tags,
                properties=request.properties,
                framework=request.framework,
                framework_version=request.framework_version,
                run_id=request.run_id,
                experiment=experiment,
                created_by=created_by,
                resources=request.resources,
                record=request.record,
                sample_input=_sample(request.sample_input, "sample_input"),
                sample_output=_sample(request.sample_output, "sample_output"),
            )
        )

    def register_from_run(
        self, workspace: str, request: RunModelRequest, created_by: str = ""
    ) -> Model:
        """The next version of the name, from files of a run. Raises BadName, NotFound."""
        files = self._runs.files(workspace, request.run_id)
        manifest = select_run_files(request.run_id, files, request.path)
        self._manifests.add(manifest)
        full = ModelRequest(
            name=request.name,
            manifest=manifest.digest,
            description=request.description,
            tags=request.tags,
            properties=request.properties,
            framework=request.framework,
            framework_version=request.framework_version,
            run_id=request.run_id,
            resources=request.resources,
            record=request.record,
            sample_input=request.sample_input,
            sample_output=request.sample_output,
        )
        return self.register(workspace, full, created_by)

    def get(self, workspace: str, name: str, version: int | None = None) -> Model:
        """The latest without a version. Raises NotFound, with near names."""
        try:
            return self._store.get(workspace, name, version)
        except NotFound as error:
            self._workspaces.get(workspace)
            names = {m.name for m in self._store.list(workspace, latest=True)}
            if name in names:
                versions = [m.version for m in self._store.list(workspace, name=name)]
                raise NotFound(
                    f"Model {name!r} has no version {version}; it has "
                    + ", ".join(str(v) for v in sorted(versions)[-10:])
                    + "."
                ) from error
            raise NotFound(
                f"There is no model {name!r} in workspace {workspace!r}. "
                + did_you_mean(name, names)
            ) from error

    def list(
        self,
        workspace: str,
        *,
        name: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, str | None] | None = None,
        run_id: str | None = None,
        framework: str | None = None,
        latest: bool = False,
    ) -> Sequence[Model]:
        """Newest first. Raises NotFound without the workspace."""
        self._workspaces.get(workspace)
        return self._store.list(
            workspace,
            name=name,
            tags=tags,
            properties=properties,
            run_id=run_id,
            framework=framework,
            latest=latest,
        )

    def change(self, workspace: str, name: str, version: int, change: ModelChange) -> Model:
        """Raises NotFound, Immutable, BadInput."""
        samples: dict[str, Any] = {
            field: _sample(tensors, field)
            for field in ("sample_input", "sample_output")
            if (tensors := getattr(change, field)) is not None
        }

        def decide(model: Model) -> Model:
            tags = model.tags if change.tags is None else change.tags
            return replace(
                model,
                description=(
                    model.description if change.description is None else change.description
                ),
                tags=merge_tags(tags, add=change.add_tags, remove=change.remove_tags),
                properties=merge_properties(
                    f"model {model.id!r}", model.properties, change.add_properties
                ),
                resources=model.resources if change.resources is None else change.resources,
                **samples,
            )

        return self._store.change(workspace, name, version, decide)

    def delete(self, workspace: str, name: str, version: int) -> None:
        """Raises NotFound, and InUse naming the services or images that hold it."""
        self.get(workspace, name, version)
        users = self._users(workspace, name, version)
        if users:
            raise InUse(
                f"Model '{name}:{version}' is deployed as {', '.join(users)}. Delete "
                f"{'this service' if len(users) == 1 else 'these services'} first, or update "
                "to another model.",
                details={"services": users},
            )
        images = self._images_of(workspace, name, version)
        if images:
            raise InUse(
                f"Model '{name}:{version}' is part of the images {', '.join(images)}. "
                "Delete them first.",
                details={"images": images},
            )
        self._store.remove(workspace, name, version)

    def _images_of(self, workspace: str, name: str, version: int) -> Sequence[str]:
        return [
            image.id
            for image in self._images.list(workspace)
            if (name, version) in {(m.name, m.version) for m in image.content.models}
        ]

    def _users(self, workspace: str, name: str, version: int) -> Sequence[str]:
        users = []
        for service in self._services.list(workspace):
            versions = {v.name: v for v in self._services.versions(service.id)}
            for revision in self._services.revisions(service.id):
                models = {(m.name, m.version) for m in revision.content.models}
                if (name, version) in models and holds(versions[revision.version], revision):
                    users.append(service.name)
                    break
        return users
