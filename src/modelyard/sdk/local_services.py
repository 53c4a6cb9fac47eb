"""LocalWebservice: a service on a port of its own, with states in lower case."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import modelyard
from modelyard.sdk import deploying, transfer
from modelyard.sdk.environments import definition_of
from modelyard.sdk.errors import WebserviceException, not_supported, raised_as
from modelyard.sdk.inference import InferenceConfig
from modelyard.sdk.service_configuration import WebserviceDeploymentConfiguration
from modelyard.sdk.services import Webservice
from modelyard.wire import contents
from modelyard.wire import services as wire

_STATES = {
    "Transitioning": "deploying",
    "Healthy": "running",
    "Unhealthy": "failed",
    "Failed": "failed",
    "Deleting": "deleted",
}


class LocalWebserviceDeploymentConfiguration(WebserviceDeploymentConfiguration):
    """What ``LocalWebservice.deploy_configuration`` gives."""

    kind = "Local"

    def __init__(self, port: int | None = None) -> None:
        self.port = port
        self._place: dict[str, str] = {}
        super().__init__()

    def validate_configuration(self) -> None:
        """Raises ``WebserviceException`` for what is no port."""
        port = self.port
        if port is not None and (
            isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535
        ):
            raise WebserviceException(f"port must be a number from 1 to 65535, not {port!r}.")

    def remember(self, inference_config: Any) -> None:
        """Keep where the script lies, so that ``reload`` finds it in another process too."""
        if isinstance(inference_config, InferenceConfig) and inference_config.entry_script:
            folder = inference_config.source_directory
            self._place = {
                "source_directory": "" if folder is None else str(Path(folder).resolve()),
                "entry_script": inference_config.entry_script
                if folder is not None
                else str(Path(inference_config.entry_script).resolve()),
            }

    def shown(self) -> dict[str, Any]:
        """The place of the script."""
        return {**super().shown(), **self._place}

    def fill(self, request: wire.ServiceRequest) -> None:
        """Write into the request everything but its content; no port: the server finds one."""
        super().fill(request)
        request.port = self.port
        request.auth = "off"


class LocalWebservice(Webservice):
    """A service that was deployed with ``LocalWebservice.deploy_configuration``."""

    _label = "Local"
    STATE_DELETED = "deleted"
    STATE_DEPLOYING = "deploying"
    STATE_FAILED = "failed"
    STATE_RUNNING = "running"
    STATE_UNKNOWN = "unknown"

    def __init__(
        self, workspace: "modelyard.Workspace", name: str, must_exist: bool = True
    ) -> None:
        del must_exist
        super().__init__(workspace, name)

    @staticmethod
    def deploy_configuration(  # type: ignore[override]  # Azure's own arguments
        port: int | None = None,
    ) -> LocalWebserviceDeploymentConfiguration:
        """On this port; a free one when none is given."""
        return LocalWebserviceDeploymentConfiguration(port)

    @staticmethod
    def list(  # type: ignore[override]  # Azure's own order of arguments
        workspace: "modelyard.Workspace",
        model_name: str | None = None,
        model_id: str | None = None,
        all: Any = None,
        **_: Any,
    ) -> "Items[Webservice]":
        """Local services of the workspace."""
        return Webservice.list(
            workspace, compute_type="Local", model_name=model_name, model_id=model_id
        )

    def wait_for_deployment(
        self, show_output: bool = False, timeout_sec: float | None = None
    ) -> None:
        """Wait until it runs. Raises ``WebserviceException`` with the cause when it failed."""
        super().wait_for_deployment(show_output, timeout_sec)
        print(f"Local webservice is running at {self.base_url}")

    def reload(self, wait: bool = False) -> None:
        """
        Read the source folder anew and run it.

        Where the folder is not there any more, what was deployed is started once more.
        """
        with raised_as(WebserviceException):
            change = self._changes(None, self._inference_config)
            if change.source is None:
                self._reread(change)
            change.reload = True
            self._send(change)
        self._wait_if(wait)

    def update(  # type: ignore[override]  # Azure's own order of arguments
        self,
        models: Sequence[Any] | None = None,
        image_config: Any = None,
        deployment_config: Any = None,
        wait: bool = False,
        inference_config: Any = None,
        **said: Any,
    ) -> None:
        """Change models or script. The port stays."""
        config = inference_config or image_config
        port = getattr(deployment_config, "port", None)
        if port is not None and port != self.port:
            raise WebserviceException("The port of a service stays; delete and deploy it anew.")
        super().update(models=models, inference_config=config, **said)
        self._inference_config = config or self._inference_config
        self._wait_if(wait)

    def update_deployment_state(self, must_exist: bool = False) -> None:
        """Read anew what the server knows."""
        super().update_deployment_state()

    def delete(
        self, delete_cache: bool = True, delete_image: bool = False, delete_volume: bool = True
    ) -> None:
        """End it. Repeatable."""
        del delete_cache, delete_image, delete_volume
        super().delete()

    def get_logs(  # type: ignore[override]  # Azure's takes raw where others take init
        self, num_lines: int = 5000, raw: bool = False, **more: Any
    ) -> Any:
        """The last lines that the scoring script wrote; ``more`` as for every service."""
        return super().get_logs(num_lines, **more)

    def deploy_to_cloud(
        self, name: str | None = None, deployment_config: Any = None, deployment_target: Any = None
    ) -> Webservice:
        """Deploy the same content as a service behind the one port."""
        del deployment_target
        content = self._content()
        with raised_as(WebserviceException):
            return deploying.send(
                self.workspace, name or f"{self.name}-service", content,
                deploying.checked_configuration(deployment_config), overwrite=False,
            )  # fmt: skip

    @property
    def state(self) -> str:
        return _STATES.get(super().state, "unknown")

    @property
    def port(self) -> int | None:
        return self._facts.port

    @property
    def base_url(self) -> str:
        return self.scoring_uri.removesuffix("/score")

    def get_keys(self) -> tuple[str, str]:
        raise not_supported("Keys of a LocalWebservice", "It takes calls without a key.")

    def regen_key(self, key: str, set_key: str | None = None) -> None:
        raise not_supported("Keys of a LocalWebservice", "It takes calls without a key.")

    def get_token(self) -> Any:
        raise not_supported("Tokens of a LocalWebservice", "It takes calls without a key.")

    @classmethod
    def deserialize(
        cls, workspace: "modelyard.Workspace", webservice_payload: Mapping[str, Any]
    ) -> Webservice:
        raise not_supported("LocalWebservice.deserialize", "Use LocalWebservice(ws, name).")

    def _reread(self, change: wire.ServiceChange) -> None:
        """Send the script from where it lay when it was deployed, if it is still there."""
        kept = self._facts.configuration
        folder, script = kept.get("source_directory"), kept.get("entry_script")
        if not script or not (Path(str(folder)) / str(script)).is_file():
            return
        source = InferenceConfig(str(script), source_directory=folder or None).source()
        assert source is not None  # noqa: S101 - there is a script
        digest = transfer.upload(self._client, source.bundle, "Uploading the source")
        change.source, change.source_name = digest, source.name
        change.entry_script = source.entry_script

    def _content(self) -> contents.Content:
        facts = self._read()
        made = next(r for r in facts.revisions if r.number == facts.wanted_revision)
        source = made.content
        config = self._inference_config
        if config is not None:
            content = deploying.content(self._client, config)
        else:
            content = contents.Content(
                source=source["source"], entry_script=source["entry_script"],
                source_name=source.get("source_name", ""),
                environment=None if source.get("chosen_environment")
                else definition_of(source["environment"]),
            )  # fmt: skip
        content.models = [m for m in facts.models if not m.endswith(":0")]
        content.local_models = [
            contents.LocalModel(name=m["name"], manifest=m["manifest"])
            for m in source.get("models", ())
            if not m["version"]
        ]
        return content

    def _wait_if(self, wait: bool) -> None:
        if wait:
            self.wait_for_deployment(show_output=True)


Items = list
