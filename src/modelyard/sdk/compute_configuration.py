"""What is said of a compute target when it is made or attached."""

from collections.abc import Mapping
from typing import Any

from modelyard.sdk.errors import ComputeTargetException
from modelyard.sdk.workspaces import texts
from modelyard.wire.computes import ComputeRequest

# never kept: the server needs none of them, and what it does not know cannot leak
_SECRETS = frozenset({"admin_user_password", "admin_user_ssh_key", "ssl_cert_pem_file",
                      "ssl_key_pem_file"})  # fmt: skip


class ComputeTargetConfiguration:
    """Azure's arguments, kept to be shown; each is an attribute."""

    kind = ""

    def __init__(self, **said: Any) -> None:
        self.said = said
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Raises ``ComputeTargetException`` for what cannot be."""

    def request(self, name: str) -> ComputeRequest:
        """What is sent."""
        shown = {k: shown_of(v) for k, v in self.said.items() if v is not None}
        tags, description = self.said.get("tags"), self.said.get("description")
        return ComputeRequest(
            name=name,
            kind=self.kind,
            attached=isinstance(self, ComputeTargetAttachConfiguration),
            configuration={k: v for k, v in shown.items() if k not in _SECRETS | {"tags"}},
            description=description or "",
            tags=texts(tags),
        )

    def __getattr__(self, name: str) -> Any:
        said = self.__dict__.get("said", {})
        if name in said:
            return said[name]
        raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")


class ComputeTargetProvisioningConfiguration(ComputeTargetConfiguration):
    """What ``provisioning_configuration`` gives."""


class ComputeTargetAttachConfiguration(ComputeTargetConfiguration):
    """What ``attach_configuration`` gives."""


class ComputeTargetUpdateConfiguration(ComputeTargetConfiguration):
    """What ``update_configuration`` gives."""


def whole_above(said: Mapping[str, Any], name: str, least: int) -> None:
    """Raises ``ComputeTargetException`` for other than a whole number from ``least`` on."""
    value = said.get(name)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ComputeTargetException(
            f"Invalid configuration, {name} must be a whole number, {least} or more, "
            f"not {value!r}."
        )


def shown_of(value: Any) -> Any:
    """An argument as it is kept to be shown."""
    if isinstance(value, Mapping):
        return {str(k): shown_of(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [shown_of(item) for item in value]
    return value if isinstance(value, bool | int | float | str) else str(value)
