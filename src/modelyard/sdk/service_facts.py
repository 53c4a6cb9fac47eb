"""What is known of a service: its state, addresses, tags and so on."""

from datetime import datetime
from typing import Any

from modelyard.domain.errors import NotFound, Unavailable
from modelyard.sdk.client import Client, path
from modelyard.sdk.deployed_facts import DeployedFacts
from modelyard.sdk.errors import WebserviceException, raised_as
from modelyard.wire import services as wire


class ServiceFacts(DeployedFacts):
    """Attributes, read from the server while the service is on its way."""

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
    def created_time(self) -> datetime:
        return self._facts.created

    @property
    def updated_time(self) -> datetime:
        return self._facts.updated

    @property
    def created_by(self) -> str:
        return self._facts.created_by

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
