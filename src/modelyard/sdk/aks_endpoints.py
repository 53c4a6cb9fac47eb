"""AksEndpoint: several versions behind one address, in Azure's words."""

from collections.abc import Mapping
from typing import Any

from modelyard.sdk.aks import AksServiceDeploymentConfiguration, AksWebservice
from modelyard.sdk.endpoints import Endpoint
from modelyard.sdk.errors import WebserviceException
from modelyard.sdk.workspaces import texts
from modelyard.wire.services import ServiceRequest


class AksEndpointDeploymentConfiguration(AksServiceDeploymentConfiguration):
    """What ``AksEndpoint.deploy_configuration`` gives."""

    kind = "AKSENDPOINT"

    def validate_endpoint_configuration(self) -> None:
        """Raises ``WebserviceException`` for what cannot be."""
        self.validate_configuration()

    def fill(self, request: ServiceRequest) -> None:
        """Write into the request everything but its content; its version is called like it."""
        super().fill(request)
        request.version = request.version or request.name


class AksEndpoint(Endpoint, AksWebservice):
    """
    A service that was deployed with ``AksEndpoint.deploy_configuration``, and its versions.

    Names of versions belong to their endpoint: two endpoints may have versions of one name, and a
    version may be called like its endpoint.
    """

    _label = "AKSENDPOINT"

    @staticmethod
    def deploy_configuration(  # type: ignore[override]  # Azure's own arguments
        autoscale_enabled: bool | None = None,
        autoscale_min_replicas: int | None = None,
        autoscale_max_replicas: int | None = None,
        autoscale_refresh_seconds: float | None = None,
        autoscale_target_utilization: int | None = None,
        collect_model_data: bool | None = None,
        auth_enabled: bool | None = None,
        cpu_cores: float | None = None,
        memory_gb: float | None = None,
        enable_app_insights: bool | None = None,
        scoring_timeout_ms: int | None = None,
        replica_max_concurrent_requests: int | None = None,
        max_request_wait_time: int | None = None,
        num_replicas: int | None = None,
        primary_key: str | None = None,
        secondary_key: str | None = None,
        tags: Any = None,
        properties: Any = None,
        description: str | None = None,
        gpu_cores: int | None = None,
        period_seconds: int | None = None,
        initial_delay_seconds: int | None = None,
        timeout_seconds: int | None = None,
        success_threshold: int | None = None,
        failure_threshold: int | None = None,
        namespace: str | None = None,
        token_auth_enabled: bool | None = None,
        version_name: str | None = None,
        traffic_percentile: float | None = None,
        compute_target_name: str | None = None,
        cpu_cores_limit: float | None = None,
        memory_gb_limit: float | None = None,
        tag: Any = None,
    ) -> AksEndpointDeploymentConfiguration:
        """
        Like ``AksWebservice.deploy_configuration``, and the first version's name and share.

        ``version_name`` is the endpoint's name unless said. What no version was given goes to the
        default version. ``tag`` is taken for ``tags``.
        """
        if tag is not None and tags is not None:
            raise WebserviceException("Give tags or tag, not both.")
        return AksEndpointDeploymentConfiguration(
            tags=tag if tags is None else tags,
            autoscale_enabled=autoscale_enabled,
            autoscale_min_replicas=autoscale_min_replicas,
            autoscale_max_replicas=autoscale_max_replicas,
            autoscale_refresh_seconds=autoscale_refresh_seconds,
            autoscale_target_utilization=autoscale_target_utilization,
            collect_model_data=collect_model_data, auth_enabled=auth_enabled,
            cpu_cores=cpu_cores, memory_gb=memory_gb,
            enable_app_insights=enable_app_insights,
            scoring_timeout_ms=scoring_timeout_ms,
            replica_max_concurrent_requests=replica_max_concurrent_requests,
            max_request_wait_time=max_request_wait_time, num_replicas=num_replicas,
            primary_key=primary_key, secondary_key=secondary_key,
            properties=properties, description=description, gpu_cores=gpu_cores,
            period_seconds=period_seconds,
            initial_delay_seconds=initial_delay_seconds,
            timeout_seconds=timeout_seconds, success_threshold=success_threshold,
            failure_threshold=failure_threshold, namespace=namespace,
            token_auth_enabled=token_auth_enabled, version_name=version_name,
            traffic_percentile=traffic_percentile,
            compute_target_name=compute_target_name,
            cpu_cores_limit=cpu_cores_limit, memory_gb_limit=memory_gb_limit,
        )  # fmt: skip

    def create_version(  # type: ignore[override]  # Azure's own order of arguments
        self,
        version_name: str,
        autoscale_enabled: bool | None = None,
        autoscale_min_replicas: int | None = None,
        autoscale_max_replicas: int | None = None,
        autoscale_refresh_seconds: float | None = None,
        autoscale_target_utilization: int | None = None,
        collect_model_data: bool | None = None,
        cpu_cores: float | None = None,
        memory_gb: float | None = None,
        scoring_timeout_ms: int | None = None,
        replica_max_concurrent_requests: int | None = None,
        max_request_wait_time: int | None = None,
        num_replicas: int | None = None,
        tags: Any = None,
        properties: Any = None,
        description: str | None = None,
        models: Any = None,
        inference_config: Any = None,
        gpu_cores: int | None = None,
        period_seconds: int | None = None,
        initial_delay_seconds: int | None = None,
        timeout_seconds: int | None = None,
        success_threshold: int | None = None,
        failure_threshold: int | None = None,
        traffic_percentile: float | None = None,
        is_default: bool | None = None,
        is_control_version_type: bool | None = None,
        cpu_cores_limit: float | None = None,
        memory_gb_limit: float | None = None,
    ) -> None:
        """
        Add a version; it starts beside the others and has its share from when it is ready.

        What is left out is as in the default version. Raises ``WebserviceException`` for a name
        that is taken, shares over 100 % together, or more versions than the server allows (6).
        """
        options = _options(locals())
        self._make_version(
            version_name, models, inference_config, options,
            traffic=traffic_percentile, is_default=is_default,
            is_control=is_control_version_type, tags=texts(tags), properties=texts(properties),
            description=description,
        )  # fmt: skip

    def update_version(  # type: ignore[override]  # Azure's own order of arguments
        self,
        version_name: str,
        autoscale_enabled: bool | None = None,
        autoscale_min_replicas: int | None = None,
        autoscale_max_replicas: int | None = None,
        autoscale_refresh_seconds: float | None = None,
        autoscale_target_utilization: int | None = None,
        collect_model_data: bool | None = None,
        cpu_cores: float | None = None,
        memory_gb: float | None = None,
        scoring_timeout_ms: int | None = None,
        replica_max_concurrent_requests: int | None = None,
        max_request_wait_time: int | None = None,
        num_replicas: int | None = None,
        tags: Any = None,
        properties: Any = None,
        description: str | None = None,
        models: Any = None,
        inference_config: Any = None,
        gpu_cores: int | None = None,
        period_seconds: int | None = None,
        initial_delay_seconds: int | None = None,
        timeout_seconds: int | None = None,
        success_threshold: int | None = None,
        failure_threshold: int | None = None,
        traffic_percentile: float | None = None,
        is_default: bool | None = None,
        is_control_version_type: bool | None = None,
        cpu_cores_limit: float | None = None,
        memory_gb_limit: float | None = None,
    ) -> None:
        """
        Change a version; what is left out stays. ``is_default`` and ``is_control_version_type``
        of one clear those of the others. Raises ``WebserviceException``.
        """
        options = _options(locals())
        self._change_version(
            version_name, models, inference_config, options,
            traffic=traffic_percentile, is_default=is_default,
            is_control=is_control_version_type, tags=None if tags is None else texts(tags),
            properties=None if properties is None else texts(properties),
            description=description,
        )  # fmt: skip

    def delete_version(self, version_name: str) -> None:
        """
        End a version; what share it had goes to the default version, as in Azure.

        Raises ``WebserviceException`` for the default version, or one that is not there.
        """
        version = self.versions.get(version_name)
        if version is not None and version.traffic_percentile and not version.is_default:
            self.update_version(version_name, traffic_percentile=0)
        super().delete_version(version_name)

    def update(  # type: ignore[override]  # Azure's own arguments
        self,
        auth_enabled: bool | None = None,
        token_auth_enabled: bool | None = None,
        enable_app_insights: bool | None = None,
        description: str | None = None,
        tags: Any = None,
        properties: Any = None,
    ) -> None:
        """
        Change what all versions share. ``enable_app_insights`` keeps inputs and outputs of each.
        """
        rest = (auth_enabled, token_auth_enabled, description, tags, properties)
        if enable_app_insights is None or any(value is not None for value in rest):
            super().update(tags=tags, properties=properties, description=description,
                           auth_enabled=auth_enabled,
                           token_auth_enabled=token_auth_enabled)  # fmt: skip
        for name in self.versions if enable_app_insights is not None else ():
            self._change_version(name, None, None, {"enable_app_insights": enable_app_insights})


_FACTS = frozenset({"self", "version_name", "models", "inference_config", "tags", "properties",
                    "description", "traffic_percentile", "is_default",
                    "is_control_version_type"})  # fmt: skip


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Of a call's arguments those that say how a version runs."""
    return {name: value for name, value in given.items() if name not in _FACTS}
