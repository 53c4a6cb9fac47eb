"""A content that is asked for a version of a service: checked whole before anything is stored."""

from modelyard.usecases.computes import Computes
from modelyard.usecases.contents import Contents, Resolved
from modelyard.usecases.environments import Environments
from modelyard.wire.contents import Content


class Resolving:
    """What can run, where it fits, with its environment on the way."""

    def __init__(self, contents: Contents, computes: Computes, environments: Environments) -> None:
        self._contents = contents
        self._computes = computes
        self._environments = environments

    def resolve(
        self, workspace: str, service: str, version: str, compute: str, content: Content
    ) -> Resolved:
        """
        The content of that version, on the compute target if one is named; its build is asked for.

        Raises BadInput, NotFound, BadEnvironment, NoCapacity.
        """
        resolved = self._contents.resolve(workspace, content)
        self._computes.check_room(workspace, compute, resolved.content, service, version)
        self._environments.ensure_build(resolved.recipe)
        return resolved
