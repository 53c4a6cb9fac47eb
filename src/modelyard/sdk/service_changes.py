"""Changing a service, and ending it."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from modelyard.domain.errors import Conflict, NotFound
from modelyard.sdk import deploying
from modelyard.sdk.errors import UserErrorException, WebserviceException, raised_as
from modelyard.sdk.service_configuration import (
    NUMBERS,
    WebserviceDeploymentConfiguration,
    auth_of,
    check_auth,
    check_positive,
    check_replicas,
    json_of,
    serving_of,
)
from modelyard.sdk.service_facts import ServiceFacts
from modelyard.sdk.workspaces import texts
from modelyard.wire import services as wire


class ChangesService(ServiceFacts):
    """New models, script, environment, limits, tags; stop, start, delete."""

    def update(
        self,
        image: Any = None,
        tags: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
        description: str | None = None,
        auth_enabled: bool | None = None,
        models: Sequence[Any] | None = None,
        inference_config: Any = None,
        **said: Any,
    ) -> None:
        """
        Change it. New models, script, environment or limits start beside what serves and take over
        when they are ready: no request fails.
        """
        with raised_as(WebserviceException):
            change = self._changes(models, inference_config, image)
            change.tags = None if tags is None else texts(tags)
            change.properties = None if properties is None else texts(properties)
            change.description = description
            change.auth = auth_of(auth_enabled)
            self._say(change, {k: v for k, v in said.items() if v is not None})
            self._send(change)

    def add_tags(self, tags: Mapping[str, Any]) -> None:
        """Add tags; the others stay."""
        self._patch(wire.ServiceChange(tags={**self._read().tags, **texts(tags)}))

    def remove_tags(self, tags: Iterable[str]) -> None:
        """Remove tags by key."""
        keys = [tags] if isinstance(tags, str) else [str(tag) for tag in tags]
        self._patch(wire.ServiceChange(remove_tags=keys))

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Add properties. Raises when one has another value already."""
        self._patch(wire.ServiceChange(properties=texts(properties)))

    def stop(self) -> None:
        """Stop what runs and keep everything (Azure's has no such method)."""
        self._patch(wire.ServiceChange(enabled=False))

    def start(self) -> None:
        """Run again what ``stop`` stopped."""
        self._patch(wire.ServiceChange(enabled=True))

    def delete(self) -> None:
        """End it. Returns when it is gone. Repeatable."""
        with raised_as(WebserviceException):
            try:
                self._client.tell("DELETE", self._path)
                self._wait_until_gone()
            except NotFound:
                pass
        self._facts.state = "Deleting"

    def _changes(
        self, models: Sequence[Any] | None, inference_config: Any, image: Any = None
    ) -> wire.ServiceChange:
        change = wire.ServiceChange()
        if image is not None:
            change.content = image.content
        if models is not None:
            change.models, change.local_models = deploying.models_of(self._client, models)
        if inference_config is not None:
            made = deploying.content(self._client, inference_config)
            change.source, change.source_name = made.source, made.source_name
            change.entry_script, change.environment = made.entry_script, made.environment
            if made.serving != wire.ServingOptions():
                change.serving = made.serving
        return change

    def _say(self, change: wire.ServiceChange, said: Mapping[str, Any]) -> None:
        """Azure's further arguments: limits and how requests run are acted on, all are kept."""
        if not said:
            return
        check_auth(None, None, said.get("token_auth_enabled"))
        check_positive(said, *(name for name in said if name in NUMBERS))
        check_replicas(said)
        change.configuration = {k: json_of(v) for k, v in said.items()}
        limits = WebserviceDeploymentConfiguration(**said).limits()
        if limits != wire.Limits():
            change.limits = limits
        serving = serving_of(said)
        if serving.batching is None and change.serving is not None:
            serving = msgspec.structs.replace(serving, batching=change.serving.batching)
        if serving != wire.ServingOptions():
            change.serving = serving

    def _send(self, change: wire.ServiceChange) -> None:
        if change == wire.ServiceChange():
            raise UserErrorException("update() was given nothing to change.")
        self._facts = self._client.send("PATCH", self._path, change, wire.Service)

    def _patch(self, change: wire.ServiceChange) -> None:
        with raised_as(WebserviceException):
            self._send(change)

    def _wait_until_gone(self) -> None:
        deadline = time.monotonic() + 120
        while self._client.get(self._path, wire.Service).state == "Deleting":
            if time.monotonic() > deadline:
                raise Conflict(f"Service {self.name!r} is still ending; see 'modelyard status'.")
            time.sleep(0.1)  # noqa: TID251 - polls a server
