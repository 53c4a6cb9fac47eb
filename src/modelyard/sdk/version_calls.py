"""Versions of an endpoint: made, changed, deleted, waited for."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from modelyard.domain.errors import Conflict
from modelyard.domain.names import check_name
from modelyard.sdk import deploying, service_waiting
from modelyard.sdk.client import path
from modelyard.sdk.configuration_checks import check_known, check_said, check_traffic
from modelyard.sdk.errors import UserErrorException, WebserviceException, raised_as
from modelyard.sdk.service_calls import CallsService
from modelyard.sdk.service_changes import ChangesService
from modelyard.sdk.service_configuration import counts_each, shown_of
from modelyard.sdk.serving_options import limits_of, serving_of
from modelyard.wire import contents, endpoints, services

_TAKES_OVER = 60.0
"""Seconds that a healthy version has to take the traffic over; after that others decided."""


class VersionCalls(CallsService, ChangesService):
    """The part of an endpoint that is about its versions."""

    _awaited: tuple[str, bool] | None = None
    """The version that was made or changed last, and whether it is to take all traffic."""

    # --- making and changing

    def _make_version(
        self,
        version_name: str,
        models: Sequence[Any] | None,
        inference_config: Any,
        said: Mapping[str, Any],
        **facts: Any,
    ) -> None:
        """Ask for a version; ``facts`` are fields of the request, those None left out."""
        given = {name: value for name, value in said.items() if value is not None}
        check_known("a version", said)
        check_said(given)
        check_traffic(facts.get("traffic"))
        with raised_as(WebserviceException):
            check_name("service version", version_name)
            request = endpoints.VersionRequest(
                name=version_name,
                content=self._asked_content(inference_config, given),
                configuration=shown_of(given),
                **{name: value for name, value in facts.items() if value is not None},
            )
            if models is not None:
                request.models, request.local_models = deploying.models_of(self._client, models)
            self._client.send("POST", f"{self._path}/versions", request, services.Version)
        self._awaited = (version_name, request.strategy == "blue-green")

    def _asked_content(
        self, inference_config: Any, said: Mapping[str, Any]
    ) -> contents.Content | None:
        """What is said of the content; None where all is as the default version's."""
        limits = limits_of(said, each=counts_each(self._facts.kind))
        serving = serving_of(said)
        nothing = (contents.Limits(), contents.ServingOptions())
        if inference_config is None and (limits, serving) == nothing:
            return None
        made = deploying.content(self._client, inference_config)
        if serving.batching is None:
            serving = msgspec.structs.replace(serving, batching=made.serving.batching)
        made.limits, made.serving = limits, serving
        return made

    def _change_version(
        self,
        version_name: str,
        models: Sequence[Any] | None,
        inference_config: Any,
        said: Mapping[str, Any],
        **facts: Any,
    ) -> None:
        """Change a version; ``facts`` are fields of the change, those None left out."""
        check_known("a version", said)
        check_traffic(facts.get("traffic"))
        change = endpoints.VersionChange(**facts)
        with raised_as(WebserviceException):
            self._say_content(change, models, inference_config)
            before = self._version(version_name).configuration if said else {}
            self._say(change, said, before)
            if change == endpoints.VersionChange():
                raise UserErrorException("update_version() was given nothing to change.")
            target = self._version_path(version_name)
            self._client.send("PATCH", target, change, services.Version)
        self._awaited = (version_name, False)

    def delete_version(self, version_name: str) -> None:
        """
        End a version; returns when it is gone.

        Raises ``WebserviceException`` when it has traffic, is the default or is not there.
        """
        with raised_as(WebserviceException):
            self._client.tell("DELETE", self._version_path(version_name))
            deadline = time.monotonic() + 120
            while self._client.find(self._version_path(version_name), services.Version):
                if time.monotonic() > deadline:
                    raise Conflict(
                        f"Version {version_name!r} of {self.name!r} is still ending; see "
                        "'modelyard status'."
                    )
                time.sleep(0.1)  # noqa: TID251 - polls a server
        if self._awaited is not None and self._awaited[0] == version_name:
            self._awaited = None

    # --- waiting and looking

    def wait_for_deployment(
        self, show_output: bool = False, timeout_sec: float | None = None
    ) -> None:
        """
        Wait until the endpoint is healthy, and the version that was just made or changed too.

        Raises ``WebserviceException`` with the cause when it failed; the others go on serving.
        """
        if self._awaited is None:
            super().wait_for_deployment(show_output, timeout_sec)
            return
        name, takes_over = self._awaited
        self._wait_for_version(
            name, takes_over=takes_over, show_output=show_output, timeout=timeout_sec
        )
        self._awaited = None
        self._read()

    def _wait_for_version(
        self,
        name: str,
        *,
        takes_over: bool = False,
        show_output: bool,
        timeout: float | None,
    ) -> services.Version:
        read = _AsService(lambda: self._version(name), self._read(), takes_over)
        with raised_as(WebserviceException):
            service_waiting.wait(
                read, self._label, show_output=show_output, timeout=timeout, version=name
            )
        return read.last

    def get_logs(  # type: ignore[override]  # the version is asked for in its own way
        self,
        num_lines: int = 5000,
        init: bool = False,
        *,
        version: str | None = None,
        **asked: Any,
    ) -> str | Iterator[str]:
        """
        The last lines that workers wrote: of a ``version``, else of the default one.

        Further words (``since``, ``level``, ``request_id``, ``follow``) as for every service.
        """
        if version is None or any(value not in (None, False) for value in asked.values()):
            return super().get_logs(num_lines, init, version=version, **asked)  # type: ignore[no-any-return]
        with raised_as(WebserviceException):
            target = f"{self._version_path(version)}/logs"
            found = self._client.get(target, services.Logs, {"lines": num_lines})
        return "\n".join(found.lines)

    def run(self, input_data: Any, version: str = "") -> Any:
        """
        Send a request; the answer's JSON. With ``version`` that one answers, whatever its share.

        Raises ``WebserviceException`` for any status but 200.
        """
        return self._scored(input_data, version)

    score = run

    def _version(self, name: str) -> services.Version:
        return self._client.get(self._version_path(name), services.Version)

    def _version_path(self, name: str) -> str:
        return f"{self._path}/{path('versions', name)}"


class _AsService:
    """A version in the words of a service, so that one waits for it as for a service."""

    def __init__(
        self,
        read: Callable[[], services.Version],
        service: services.Service,
        takes_over: bool,
    ) -> None:
        self._read = read
        self._service = service
        self._takes_over = takes_over
        self._ready: float | None = None
        self.last: services.Version

    def __call__(self) -> services.Service:
        found = self.last = self._read()
        state, step = found.state, found.step
        if state == "Healthy" and self._takes_over and not found.is_default and self._time_left():
            state, step = "Transitioning", "taking the traffic over"
        return msgspec.structs.replace(
            self._service, state=state, step=step, error=found.error, notes=found.notes
        )

    def _time_left(self) -> bool:
        now = time.monotonic()
        self._ready = self._ready or now
        return now < self._ready + _TAKES_OVER
