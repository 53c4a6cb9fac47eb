"""What Azure's Workspace has and Modelyard does not (yet): each says what to use."""

from collections.abc import Mapping
from typing import Any

from modelyard.sdk.errors import not_supported

_NO_CLOUD = "It belongs to Azure's cloud; on your own machine there is nothing to do."
_DATA = "Read files with pandas or open() and keep what a model needs beside it."


class LaterInWorkspace:
    """Members that raise ``NotSupportedException``, or are empty where that is the truth."""

    def get_default_compute_target(self, type: str) -> None:
        """None: this machine is used."""

    @property
    def datasets(self) -> Mapping[str, Any]:
        raise not_supported("Workspace.datasets", _DATA)

    @property
    def datastores(self) -> Mapping[str, Any]:
        raise not_supported("Workspace.datastores", _DATA)

    def get_default_datastore(self) -> Any:
        raise not_supported("Workspace.get_default_datastore", _DATA)

    def set_default_datastore(self, name: str) -> None:
        raise not_supported("Workspace.set_default_datastore", _DATA)

    def get_default_keyvault(self) -> Any:
        raise not_supported(
            "Workspace.get_default_keyvault", "Pass secrets as environment variables."
        )

    def add_private_endpoint(self, *_: Any, **__: Any) -> Any:
        raise not_supported("Workspace.add_private_endpoint", _NO_CLOUD)

    def delete_private_endpoint_connection(self, *_: Any, **__: Any) -> None:
        raise not_supported("Workspace.delete_private_endpoint_connection", _NO_CLOUD)

    @property
    def private_endpoints(self) -> Mapping[str, Any]:
        """Empty."""
        return {}

    @property
    def linked_services(self) -> Mapping[str, Any]:
        """Empty."""
        return {}

    def update_dependencies(self, container_registry: Any = None, force: bool = False) -> None:
        raise not_supported("Workspace.update_dependencies", _NO_CLOUD)

    def list_keys(self) -> Any:
        raise not_supported(
            "Workspace.list_keys", "There is no storage account; tokens: 'modelyard token list'."
        )

    def sync_keys(self, no_wait: bool = False) -> None:
        """Nothing to do: there are no keys of a storage account."""

    def diagnose_workspace(self, diagnose_parameters: Any = None) -> Any:
        raise not_supported("Workspace.diagnose_workspace", "Use 'modelyard status'.")

    def set_connection(self, *_: Any, **__: Any) -> Any:
        raise not_supported("Workspace.set_connection", _NO_CLOUD)

    def list_connections(self, category: Any = None, target: Any = None) -> list[Any]:
        """Empty."""
        return []

    def get_connection(self, name: str) -> Any:
        raise not_supported("Workspace.get_connection", _NO_CLOUD)

    def delete_connection(self, name: str) -> None:
        raise not_supported("Workspace.delete_connection", _NO_CLOUD)
