"""Changing a service, and ending it."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from modelyard.domain.errors import Conflict, NotFound
from modelyard.sdk import deploying
from modelyard.sdk.configuration_checks import check_auth, check_known, check_said
from modelyard.sdk.errors import UserErrorException, WebserviceException, raised_as
from modelyard.sdk.service_configuration import auth_of, counts_each, shown_of
from modelyard.sdk.service_facts import ServiceFacts
from modelyard.sdk.serving_options import LIMITS, REPLICAS, limits_of, serving_of
from modelyard.sdk.workspaces import texts
from modelyard.wire import contents
from modelyard.wire import services as wire
from modelyard.wire.endpoints import VersionChange

Change = TypeVar("Change", wire.ServiceChange, VersionChange)


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

        Raises ``WebserviceException``, and ``TypeError`` for a name that nothing knows.
        """
        check_known("a service", {k: v for k, v in said.items() if not k.startswith("ssl_")})
        with raised_as(WebserviceException):
            change = self._changes(models, inference_config, image)
            change.tags = None if tags is None else texts(tags)
            change.properties = None if properties is None else texts(properties)
            change.description = description
            change.auth = self._auth(auth_enabled, said)
            self._say(change, said, self._facts.configuration)
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
        self._say_content(change, models, inference_config)
        return change

    def _say_content(
        self, change: Change, models: Sequence[Any] | None, inference_config: Any
    ) -> None:
        """Write what shall run into the change of a service or a version."""
        if models is not None:
            change.models, change.local_models = deploying.models_of(self._client, models)
        if inference_config is not None:
            made = deploying.content(self._client, inference_config)
            change.source, change.source_name = made.source, made.source_name
            change.entry_script, change.environment = made.entry_script, made.environment
            if made.serving != contents.ServingOptions():
                change.serving = made.serving

    def _say(self, change: Change, asked: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """Azure's further arguments: limits and how requests run are acted on, all are kept."""
        said = {name: value for name, value in asked.items() if value is not None}
        if not said:
            return
        check_said(said)
        change.configuration = shown_of(said)
        limits = self._limits(said, before)
        if limits is not None:
            change.limits = limits
        serving = serving_of(said)
        if serving.batching is None and change.serving is not None:
            serving = msgspec.structs.replace(serving, batching=change.serving.batching)
        if serving != contents.ServingOptions():
            change.serving = serving

    def _limits(
        self, said: Mapping[str, Any], before: Mapping[str, Any]
    ) -> contents.Limits | None:
        """
        The limits as they shall be, those of ``before`` that are not said anew among them; None
        where they stay. Limits of each worker are counted anew when there are other workers.
        """
        each = counts_each(self._facts.kind)
        if not set(said) & (LIMITS | REPLICAS if each else LIMITS):
            return None
        # Azure's defaults are kept as text, for they are shown only
        kept = {n: v for n, v in before.items() if n in LIMITS and isinstance(v, int | float)}
        limits = limits_of({**kept, **said}, each=each)
        return None if limits == contents.Limits() else limits

    def _auth(self, auth_enabled: bool | None, said: Mapping[str, Any]) -> str | None:
        """How callers shall prove themselves, where something is said of it."""
        token = said.get("token_auth_enabled")
        check_auth(auth_enabled, None, token)
        if token is False and auth_enabled is None and self.token_auth_enabled:
            return "key"  # never open by itself
        return auth_of(auth_enabled, token)

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
