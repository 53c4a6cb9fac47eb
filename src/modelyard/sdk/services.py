"""Web services: the base class, which is also the native service."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import modelyard
from modelyard.domain.errors import Conflict, NotFound, Unavailable
from modelyard.sdk import deploying, scoring, service_waiting
from modelyard.sdk.client import Client, Response, path
from modelyard.sdk.environments import definition_of
from modelyard.sdk.errors import (
    UserErrorException,
    WebserviceException,
    not_supported,
    raised_as,
)
from modelyard.sdk.service_configuration import (
    WebserviceDeploymentConfiguration,
    auth_of,
    serving_of,
)
from modelyard.sdk.workspaces import texts, wanted
from modelyard.wire import services as wire

_CLASSES = {"ACI": "AciWebservice", "AKS": "AksWebservice", "AKSENDPOINT": "AksWebservice",
            "Local": "LocalWebservice"}  # fmt: skip


class Webservice:
    """
    A deployed model behind one address.

    ``Webservice(workspace, name)`` looks one up and is of the class it was deployed with. Raises
    ``WebserviceException`` (``WebserviceNotFound``) when there is none.
    """

    _label = "Native"
    _inference_config: Any = None
    _facts: wire.Service

    def __new__(
        cls, workspace: "modelyard.Workspace", name: str, *_: Any, **__: Any
    ) -> "Webservice":
        facts = _find(workspace, name)
        if cls is Webservice:
            cls = _class_of(facts)
        made = super().__new__(cls)
        made._facts = facts
        return made

    def __init__(self, workspace: "modelyard.Workspace", name: str) -> None:
        del name
        self.workspace = workspace
        self._client: Client = workspace.service_context

    @classmethod
    def _of(cls, workspace: "modelyard.Workspace", facts: wire.Service) -> "Webservice":
        made = object.__new__(_class_of(facts))
        made._facts = facts
        Webservice.__init__(made, workspace, facts.name)
        return made

    # --- deploying and finding

    @staticmethod
    def deploy(
        workspace: "modelyard.Workspace",
        name: str,
        model_paths: Sequence[str],
        image_config: Any,
        deployment_config: Any = None,
        deployment_target: Any = None,
        overwrite: bool = False,
    ) -> "Webservice":
        """Register the files under their names and deploy them."""
        del deployment_target
        models = [
            modelyard.Model.register(workspace, p, str(p).rstrip("/").rsplit("/", 1)[-1])
            for p in model_paths
        ]
        return deploying.deploy(
            workspace, name, models, image_config, _azure(deployment_config), overwrite=overwrite
        )

    @staticmethod
    def deploy_from_model(
        workspace: "modelyard.Workspace",
        name: str,
        models: Sequence[Any],
        image_config: Any,
        deployment_config: Any = None,
        deployment_target: Any = None,
        overwrite: bool = False,
    ) -> "Webservice":
        """Deploy registered models."""
        del deployment_target
        return deploying.deploy(
            workspace, name, models, image_config, _azure(deployment_config), overwrite=overwrite
        )

    @staticmethod
    def deploy_from_image(
        workspace: "modelyard.Workspace",
        name: str,
        image: "modelyard.Image",
        deployment_config: Any = None,
        deployment_target: Any = None,
        overwrite: bool = False,
    ) -> "Webservice":
        """Deploy what an image holds."""
        del deployment_target
        with raised_as(WebserviceException):
            return deploying.send(
                workspace, name, image.content,
                deploying.checked_configuration(_azure(deployment_config)), overwrite=overwrite,
            )  # fmt: skip

    @staticmethod
    def deploy_local_from_model(
        workspace: "modelyard.Workspace",
        name: str,
        models: Sequence[Any],
        image_config: Any,
        deployment_config: Any = None,
        wait: bool = False,
    ) -> "Webservice":
        """Deploy on a port of its own."""
        service = deploying.deploy(
            workspace, name, models, image_config,
            deployment_config or modelyard.LocalWebservice.deploy_configuration(), overwrite=True,
        )  # fmt: skip
        if wait:
            service.wait_for_deployment(show_output=True)
        return service

    @staticmethod
    def check_for_existing_webservice(
        workspace: "modelyard.Workspace", name: str, overwrite: bool = False, *_: Any, **__: Any
    ) -> bool:
        """Whether there is one of that name. Raises when there is, unless ``overwrite``."""
        try:
            _find(workspace, name)
        except WebserviceException as error:
            if isinstance(error, NotFound):
                return False
            raise
        if not overwrite:
            raise WebserviceException(
                f"There is a service {name!r} already. Pass overwrite=True or another name."
            )
        return True

    @staticmethod
    def list(
        workspace: "modelyard.Workspace",
        compute_type: str | None = None,
        image_name: str | None = None,
        image_id: str | None = None,
        model_name: str | None = None,
        model_id: str | None = None,
        tags: Any = None,
        properties: Any = None,
        image_digest: str | None = None,
    ) -> "Items[Webservice]":
        """Services of the workspace that fit all filters."""
        if image_name or image_id or image_digest:
            raise not_supported("Filtering services by image", "Filter by model_name or tags.")
        with raised_as(WebserviceException):
            found = [*workspace.service_context.items(
                path("workspaces", workspace.name, "services"), wire.Service
            )]  # fmt: skip
        return [
            Webservice._of(workspace, s)
            for s in found
            if (compute_type is None or s.kind.lower() == compute_type.lower())
            and (model_name is None or model_name in {m.split(":")[0] for m in s.models})
            and (model_id is None or model_id in s.models)
            and wanted(s.tags, tags)
            and wanted(s.properties, properties)
        ]

    # --- waiting and logs

    def wait_for_deployment(
        self, show_output: bool = False, timeout_sec: float | None = None
    ) -> None:
        """
        Wait until it is healthy.

        Raises ``WebserviceException`` with the cause when it failed: type, message, file, line,
        traceback, the last lines of the log.
        """
        self._facts = service_waiting.wait(
            self._read, self._label, show_output=show_output, timeout=timeout_sec
        )

    def update_deployment_state(self) -> None:
        """Read anew what the server knows."""
        self._read()

    def get_logs(self, num_lines: int = 5000, init: bool = False) -> str:
        """The last lines that the scoring script and its workers wrote."""
        del init
        with raised_as(WebserviceException):
            found = self._client.get(f"{self._path}/logs", wire.Logs, {"lines": num_lines})
        return "\n".join(found.lines)

    # --- calling

    def run(self, input_data: Any) -> Any:
        """
        Send a request; the answer's JSON. ``input_data`` is sent as it is, a dict or list as JSON.

        Raises ``WebserviceException`` for any status but 200.
        """
        body = body_of(input_data)
        with raised_as(WebserviceException):
            answer = scoring.score(self.scoring_uri, body, self._key())
            if answer.status == 401 and self.auth_enabled:
                answer = scoring.score(self.scoring_uri, body, self._key(again=True))
        return _answer(answer)

    score = run

    # --- keys

    def get_keys(self) -> tuple[str, str]:
        """The two keys. Raises ``WebserviceException`` when the service has none."""
        with raised_as(WebserviceException):
            found = self._client.get(f"{self._path}/keys", wire.Keys)
        return found.primary, found.secondary

    def regen_key(self, key: str, set_key: str | None = None) -> None:
        """Make a new key, or set one; ``key`` is Primary or Secondary."""
        if key not in {"Primary", "Secondary"}:
            raise WebserviceException(f"key must be 'Primary' or 'Secondary', not {key!r}.")
        with raised_as(WebserviceException):
            change = wire.KeyChange(key=key, value=set_key)
            self._client.send("POST", f"{self._path}/keys", change, wire.Keys)
        self.__dict__.pop("_scoring_key", None)

    def get_token(self) -> Any:
        raise not_supported("Token authentication of a service", "Use get_keys().")

    def get_access_token(self) -> Any:
        raise not_supported("Token authentication of a service", "Use get_keys().")

    # --- changing

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
            "createdBy": facts.created_by,
        }

    @classmethod
    def deserialize(
        cls, workspace: "modelyard.Workspace", webservice_payload: Mapping[str, Any]
    ) -> "Webservice":
        """The service that ``serialize`` described, read from the workspace."""
        if "name" not in webservice_payload:
            raise WebserviceException("The payload has no 'name', so it describes no service.")
        return Webservice(workspace, str(webservice_payload["name"]))

    # --- attributes

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
    def notes(self) -> "Items[str]":
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
    def models(self) -> "Items[modelyard.Model]":
        """The registered models it serves."""
        ids = [m for m in self._facts.models if not m.endswith(":0")]
        return [modelyard.Model(self.workspace, id=id) for id in ids]

    @property
    def environment(self) -> "modelyard.Environment | None":
        found = self._facts.environment
        if not found.get("name"):
            return None
        return modelyard.Environment._from_definition(definition_of(found))

    image = None
    image_id = None

    # --- how

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

    def _key(self, *, again: bool = False) -> str | None:
        if not self.auth_enabled:
            return None
        if again or "_scoring_key" not in self.__dict__:
            self.__dict__["_scoring_key"] = self.get_keys()[0]
        key: str = self.__dict__["_scoring_key"]
        return key

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
        return change

    def _say(self, change: wire.ServiceChange, said: Mapping[str, Any]) -> None:
        """Azure's further arguments: limits and how requests run are acted on, all are kept."""
        if not said:
            return
        change.configuration = {k: v if isinstance(v, bool | int | float) else str(v)
                                for k, v in said.items()}  # fmt: skip
        limits = WebserviceDeploymentConfiguration(**said).limits()
        if limits != wire.Limits():
            change.limits = limits
        serving = serving_of(said)
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

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(workspace={self.workspace.name!r}, name={self.name!r}, "
            f"state={self._facts.state!r})"
        )


def body_of(data: Any) -> bytes:
    """What is sent: bytes and text as they are, anything else as JSON."""
    if isinstance(data, bytes | bytearray):
        return bytes(data)
    if isinstance(data, str):
        return data.encode()
    try:
        return json.dumps(data).encode()
    except TypeError as error:
        raise WebserviceException(
            f"run() takes text, bytes or what JSON can say, not a {type(data).__name__}: {error}."
        ) from error


def _answer(answer: Response) -> Any:
    text = answer.data.decode(errors="replace")
    if answer.status != 200:
        raise WebserviceException(
            "Received bad response from service. More information can be found by calling "
            f"get_logs() on the webservice object.\nResponse Code: {answer.status}\n"
            f"Headers: {dict(answer.headers)}\nContent: {text}",
            status_code=answer.status,
            details={"status": answer.status},
        )
    try:
        return json.loads(text)
    except ValueError:
        return text


def _find(workspace: "modelyard.Workspace", name: str) -> wire.Service:
    with raised_as(WebserviceException):
        try:
            return workspace.service_context.get(
                path("workspaces", workspace.name, "services", name), wire.Service
            )
        except NotFound as error:
            raise NotFound(
                f"WebserviceNotFound: {error.message}", details=error.details
            ) from error


def _class_of(facts: wire.Service) -> type[Webservice]:
    name = _CLASSES.get(facts.kind)
    found: type[Webservice] = Webservice if name is None else getattr(modelyard, name)
    return found


def _azure(deployment_config: Any) -> Any:
    """Azure's default: without a configuration these calls make an ACI service."""
    if deployment_config is None:
        return modelyard.AciWebservice.deploy_configuration()
    return deployment_config


Items = list
