"""Images: a content kept under a name and version, its environment built."""

from collections.abc import Sequence
from dataclasses import replace

from modelyard.domain.environments import Build, BuildState
from modelyard.domain.errors import NotFound
from modelyard.domain.images import Image
from modelyard.domain.names import check_name
from modelyard.ports import Clock, ImageStore, WorkspaceStore
from modelyard.usecases.content_parts import to_wire
from modelyard.usecases.contents import Contents
from modelyard.usecases.environments import Environments
from modelyard.usecases.merging import merge_properties, merge_tags
from modelyard.usecases.near import did_you_mean
from modelyard.wire import images as wire


def creation_state(build: Build | None) -> str:
    """Azure's state of an image is that of its environment: Running, Succeeded or Failed."""
    if build is None:
        return "Running"
    ended = build.state in {BuildState.SUCCEEDED, BuildState.FAILED}
    return build.state.value if ended else "Running"


class Images:
    """What people do with images."""

    def __init__(
        self,
        store: ImageStore,
        workspaces: WorkspaceStore,
        contents: Contents,
        environments: Environments,
        clock: Clock,
    ) -> None:
        self._store = store
        self._workspaces = workspaces
        self._contents = contents
        self._environments = environments
        self._clock = clock

    def create(
        self, workspace: str, request: wire.ImageRequest, created_by: str = ""
    ) -> wire.Image:
        """
        The next version of the name; its environment is built in the background.

        Raises BadName, BadInput, BadEnvironment, NotFound, NoCapacity.
        """
        self._workspaces.get(workspace)
        check_name("image", request.name)
        resolved = self._contents.resolve(workspace, request.content)
        image = self._store.add(
            Image(
                workspace=workspace,
                name=request.name,
                version=0,
                content=resolved.content,
                created=self._clock.now(),
                description=request.description,
                tags=request.tags,
                properties=request.properties,
                created_by=created_by,
            )
        )
        # asked for when the image is kept, so that what is built is not taken for garbage
        self._environments.ensure_build(resolved.recipe)
        return self.view(image)

    def get(self, workspace: str, name: str, version: int | None = None) -> Image:
        """The latest without a version. Raises NotFound, with near names."""
        try:
            return self._store.get(workspace, name, version)
        except NotFound as error:
            names = {image.name for image in self.list(workspace)}
            if name in names:
                raise
            raise NotFound(
                f"There is no image {name!r} in workspace {workspace!r}. "
                + did_you_mean(name, names)
            ) from error

    def list(self, workspace: str, name: str | None = None) -> Sequence[Image]:
        """Newest first. Raises NotFound without the workspace."""
        self._workspaces.get(workspace)
        return self._store.list(workspace, name)

    def change(
        self, workspace: str, name: str, version: int, change: wire.ImageChange
    ) -> wire.Image:
        """Raises NotFound, Immutable."""

        def decide(image: Image) -> Image:
            tags = image.tags if change.tags is None else change.tags
            return replace(
                image,
                description=(
                    image.description if change.description is None else change.description
                ),
                tags=merge_tags(tags, add=change.add_tags, remove=change.remove_tags),
                properties=merge_properties(
                    f"image {image.id!r}", image.properties, change.add_properties
                ),
            )

        self.get(workspace, name, version)
        return self.view(self._store.change(workspace, name, version, decide))

    def delete(self, workspace: str, name: str, version: int) -> None:
        """Services that were deployed from it go on. Raises NotFound."""
        self.get(workspace, name, version)
        self._store.remove(workspace, name, version)

    def build_log(
        self, workspace: str, name: str, version: int, offset: int
    ) -> tuple[bytes, int, Build]:
        """A piece of its environment's build log. Raises NotFound."""
        recipe = self.get(workspace, name, version).content.recipe
        return self._environments.build_log(workspace, recipe, offset)

    def view(self, image: Image) -> wire.Image:
        """The image as clients see it, with the state of its environment."""
        build = self._build_of(image)
        return wire.Image(
            id=image.id,
            workspace=image.workspace,
            name=image.name,
            version=image.version,
            created=image.created,
            state=creation_state(build),
            content=to_wire(image.content),
            description=image.description,
            tags=dict(image.tags),
            properties=dict(image.properties),
            created_by=image.created_by,
            build=image.content.recipe,
            error=build.error if build else None,
        )

    def _build_of(self, image: Image) -> Build | None:
        try:
            return self._environments.get_build(image.workspace, image.content.recipe)
        except NotFound:
            return None
