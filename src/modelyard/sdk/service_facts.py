"""What is known of a service: its state, addresses, tags and so on."""

from datetime import datetime
from typing import Any

import modelyard
from modelyard.domain.errors import NotFound, Unavailable
from modelyard.sdk.client import Client, path
from modelyard.sdk.environments import definition_of
from modelyard.sdk.errors import WebserviceException, raised_as
from modelyard.wire import services as wire


class ServiceFacts:
    """Attributes, read from the server while the service is on its way."""

    workspace: "modelyard.Workspace"
    _client: Client
    _facts: wire.Service

    # --- as JSON

    def serialize(self) -> dict[str, Any]:
        """What is known of it, under Azure's keys."""
        facts = self._facts
        return {
            "name": facts.name,
            "description": facts.description,
            "tags": dict(facts.tags),
            "properties": dict(facts.properties),
            "state": self.state,
            "createdTime": facts.created.isoformat(),
            "updatedTime": facts.updated.isoformat(),
            "error": facts.error,
            "computeType": self.compute_type,
            "workspaceName": facts.workspace,
            "models": [*facts.models],
            "environment": dict(facts.environment),
            "authEnabled": self.auth_enabled,
            "tokenAuthEnabled": self.token_auth_enabled,
            "scoringUri": self.scoring_uri,
            "swaggerUri": self.swagger_uri,
            "configuration": dict(facts.configuration),
            "computeName": facts.compute or None,
            "createdBy": facts.created_by,
        }

    @property
    def name(self) -> str:
        return self._facts.name

    @property
    def state(self) -> str:
        if self._facts.state == "Transitioning":
            self._refresh_quietly()
        return self._facts.state

    @property
    def compute_type(self) -> str:
        return self._facts.kind

    @property
    def scoring_uri(self) -> str:
        return self._facts.scoring_uri

    @property
    def swagger_uri(self) -> str:
        return self._facts.swagger_uri

    @property
    def compute_name(self) -> str | None:
        """The compute target it was deployed to; None: the machine itself."""
        return self._facts.compute or None

    @property
    def auth_enabled(self) -> bool:
        return self._facts.auth == "key"

    @property
    def token_auth_enabled(self) -> bool:
        return self._facts.auth == "token"

    @property
    def tags(self) -> dict[str, str]:
        return dict(self._facts.tags)

    @property
    def properties(self) -> dict[str, str]:
        return dict(self._facts.properties)

    @property
    def description(self) -> str:
        return self._facts.description

    @property
    def error(self) -> dict[str, Any] | None:
        return self._facts.error

    @property
    def notes(self) -> list[str]:
        """Sentences of the server: what was pinned, that no key is needed."""
        return [*self._facts.notes]

    @property
    def created_time(self) -> datetime:
        return self._facts.created

    @property
    def updated_time(self) -> datetime:
        return self._facts.updated

    @property
    def created_by(self) -> str:
        return self._facts.created_by

    @property
    def models(self) -> "list[modelyard.Model]":
        """The registered models it serves."""
        ids = [m for m in self._facts.models if not m.endswith(":0")]
        return [modelyard.Model(self.workspace, id=id) for id in ids]

    @property
    def environment(self) -> "modelyard.Environment | None":
        found = self._facts.environment
        if not found.get("name"):
            return None
        return modelyard.Environment._from_definition(definition_of(found))

    @property
    def entry_script(self) -> str | None:
        """The scoring script; None for a model that is served without one."""
        return self._facts.entry_script or None

    @property
    def framework(self) -> str | None:
        """What serves a model without a script, like 'ScikitLearn 1.7.2'."""
        return self._facts.framework or None

    image = None
    image_id = None

    @property
    def _path(self) -> str:
        return path("workspaces", self.workspace.name, "services", self._facts.name)

    def _read(self) -> wire.Service:
        with raised_as(WebserviceException):
            self._facts = self._client.get(self._path, wire.Service)
        return self._facts

    def _refresh_quietly(self) -> None:
        try:
            self._read()
        except (NotFound, Unavailable):
            return

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(workspace={self.workspace.name!r}, name={self.name!r}, "
            f"state={self._facts.state!r})"
        )
