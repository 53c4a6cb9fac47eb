"""Endpoints: one address, several versions behind it."""

from collections.abc import Mapping, Sequence
from typing import Any

from modelyard.sdk.endpoint_versions import EndpointVersion
from modelyard.sdk.errors import WebserviceException, raised_as
from modelyard.sdk.rollouts import RolloutCalls
from modelyard.sdk.service_configuration import WebserviceDeploymentConfiguration
from modelyard.sdk.services import Webservice
from modelyard.sdk.shadows import ShadowCalls
from modelyard.sdk.traffic_calls import TrafficCalls
from modelyard.sdk.version_calls import VersionCalls
from modelyard.sdk.workspaces import texts
from modelyard.wire.services import Version


class EndpointDeploymentConfiguration(WebserviceDeploymentConfiguration):
    """What ``Endpoint.deploy_configuration`` gives."""

    def webservice(self) -> Any:
        """An endpoint, also while it has one version."""
        return Endpoint


class Endpoint(VersionCalls, TrafficCalls, ShadowCalls, RolloutCalls, Webservice):
    """
    A service with its versions: ``Endpoint(workspace, name)`` looks one up.

    Every service can be looked up so; what it was deployed with makes no difference.
    """

    @staticmethod
    def deploy_configuration(
        version_name: str | None = None,
        traffic_percentile: float | None = None,
        sticky: str | None = None,
        **options: Any,
    ) -> EndpointDeploymentConfiguration:
        """
        How the endpoint's first version runs, and its name ('default' unless said).

        ``options`` are those of ``Webservice.deploy_configuration``. ``sticky`` as the property.
        """
        base = Webservice.deploy_configuration(**options)
        return EndpointDeploymentConfiguration(
            description=base.description, tags=base.tags, properties=base.properties,
            primary_key=base.primary_key, secondary_key=base.secondary_key,
            auth_enabled=base.auth_enabled, version_name=version_name,
            traffic_percentile=traffic_percentile, sticky=sticky, **base.said,
        )  # fmt: skip

    @property
    def versions(self) -> dict[str, EndpointVersion]:
        """Its versions by name, read anew."""
        with raised_as(WebserviceException):
            found = [*self._client.items(f"{self._path}/versions", Version)]
        return {facts.name: EndpointVersion(self, facts) for facts in found}

    def create_version(
        self,
        version_name: str,
        models: Sequence[Any] | None = None,
        inference_config: Any = None,
        *,
        traffic_percentile: float | None = None,
        is_default: bool | None = None,
        is_control_version_type: bool | None = None,
        tags: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
        description: str | None = None,
        **options: Any,
    ) -> None:
        """
        Add a version; it starts beside the others and has its share from when it is ready.

        What is left out is as in the default version. ``options`` are those of
        ``Webservice.deploy_configuration``. Raises ``WebserviceException``.
        """
        self._make_version(
            version_name, models, inference_config, options, traffic=traffic_percentile,
            is_default=is_default, is_control=is_control_version_type, tags=texts(tags),
            properties=texts(properties), description=description,
        )  # fmt: skip

    def update_version(
        self,
        version_name: str,
        models: Sequence[Any] | None = None,
        inference_config: Any = None,
        *,
        traffic_percentile: float | None = None,
        is_default: bool | None = None,
        is_control_version_type: bool | None = None,
        tags: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
        description: str | None = None,
        **options: Any,
    ) -> None:
        """
        Change a version; what is left out stays. New models, script, environment or limits start
        beside what serves and take over when they are ready. Raises ``WebserviceException``.
        """
        self._change_version(
            version_name, models, inference_config, options, traffic=traffic_percentile,
            is_default=is_default, is_control=is_control_version_type,
            tags=None if tags is None else texts(tags),
            properties=None if properties is None else texts(properties),
            description=description,
        )  # fmt: skip

    def deploy(  # type: ignore[override]  # Azure's static one stays with Webservice
        self,
        version_name: str,
        models: Sequence[Any] | None = None,
        inference_config: Any = None,
        *,
        strategy: str | None = None,
        keep_warm: float | None = None,
        traffic_percentile: float | None = None,
        is_control_version_type: bool | None = None,
        tags: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
        description: str | None = None,
        **options: Any,
    ) -> "Endpoint":
        """
        Have a version of that name serve this: made, or changed when it is there.

        With ``strategy="blue-green"`` it takes all traffic by itself as soon as it is healthy;
        those before it stay up for ``keep_warm`` seconds (3600), so that ``rollback()`` is at
        once. Gives the endpoint back, for ``.wait_for_deployment(show_output=True)``.
        """
        self._make_version(
            version_name, models, inference_config, options, traffic=traffic_percentile,
            is_control=is_control_version_type, strategy=strategy, keep_warm=keep_warm,
            tags=texts(tags), properties=texts(properties), description=description,
            overwrite=True,
        )  # fmt: skip
        return self

    def serialize(self) -> dict[str, Any]:
        """What is known of it and of its versions, under Azure's keys."""
        versions = {name: version.serialize() for name, version in self.versions.items()}
        return {
            **super().serialize(),
            "versions": versions,
            "defaultVersion": self._facts.default_version,
            "traffic": {name: version["traffic"] for name, version in versions.items()},
        }
