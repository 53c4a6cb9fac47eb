"""AksWebservice: on this machine a service with keys, limits and workers that autoscale."""

from typing import Any

import msgspec

from modelyard.sdk.service_configuration import WebserviceDeploymentConfiguration
from modelyard.sdk.services import Webservice
from modelyard.sdk.serving_options import BY_CORES, serving_of
from modelyard.wire.contents import ServingOptions


class AksServiceDeploymentConfiguration(WebserviceDeploymentConfiguration):
    """What ``AksWebservice.deploy_configuration`` gives."""

    kind = "AKS"
    DEFAULTS = {
        "autoscale_min_replicas": 1,
        "autoscale_max_replicas": 10,
        "autoscale_refresh_seconds": 1,
        "autoscale_target_utilization": 70,
        "cpu_cores": 0.1,
        "memory_gb": 0.5,
        "scoring_timeout_ms": 60000,
        "replica_max_concurrent_requests": 1,
        "max_request_wait_time": 500,
        "period_seconds": 10,
        "initial_delay_seconds": 310,
        "timeout_seconds": 2,
        "success_threshold": 1,
        "failure_threshold": 3,
    }

    def serving(self) -> ServingOptions:
        """How requests run; autoscaled, as in Azure, unless the number of replicas is fixed."""
        asked = serving_of(self.said)
        if asked.max_workers is not None:
            return asked
        return msgspec.structs.replace(asked, max_workers=BY_CORES)


class AksWebservice(Webservice):
    """A service that was deployed with ``AksWebservice.deploy_configuration``."""

    _label = "AKS"

    @staticmethod
    def deploy_configuration(  # type: ignore[override]  # Azure's own arguments
        autoscale_enabled: bool | None = None,
        autoscale_min_replicas: int | None = None,
        autoscale_max_replicas: int | None = None,
        autoscale_refresh_seconds: int | None = None,
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
        compute_target_name: str | None = None,
        cpu_cores_limit: float | None = None,
        memory_gb_limit: float | None = None,
        blobfuse_enabled: bool | None = None,
    ) -> AksServiceDeploymentConfiguration:
        """
        Replicas are workers. Cores and GB, for each replica, are enforced where they are written.

        Without ``num_replicas`` there are ``autoscale_min_replicas`` (1) workers at least and
        ``autoscale_max_replicas`` at most (as many as the machine has cores, up to 10). Keys are
        on unless ``auth_enabled=False``, or tokens are with ``token_auth_enabled``.
        ``enable_app_insights`` and ``collect_model_data`` keep inputs and outputs. The probes'
        settings and ``namespace`` are kept and shown: what fails is seen without probes.
        """
        return AksServiceDeploymentConfiguration(
            description=description, tags=tags, properties=properties, primary_key=primary_key,
            secondary_key=secondary_key, auth_enabled=auth_enabled,
            autoscale_enabled=autoscale_enabled, autoscale_min_replicas=autoscale_min_replicas,
            autoscale_max_replicas=autoscale_max_replicas,
            autoscale_refresh_seconds=autoscale_refresh_seconds,
            autoscale_target_utilization=autoscale_target_utilization,
            collect_model_data=collect_model_data, cpu_cores=cpu_cores, memory_gb=memory_gb,
            enable_app_insights=enable_app_insights, scoring_timeout_ms=scoring_timeout_ms,
            replica_max_concurrent_requests=replica_max_concurrent_requests,
            max_request_wait_time=max_request_wait_time, num_replicas=num_replicas,
            gpu_cores=gpu_cores, period_seconds=period_seconds,
            initial_delay_seconds=initial_delay_seconds, timeout_seconds=timeout_seconds,
            success_threshold=success_threshold, failure_threshold=failure_threshold,
            namespace=namespace, token_auth_enabled=token_auth_enabled,
            compute_target_name=compute_target_name, cpu_cores_limit=cpu_cores_limit,
            memory_gb_limit=memory_gb_limit, blobfuse_enabled=blobfuse_enabled,
        )  # fmt: skip

    def update(  # type: ignore[override]  # Azure's own order of arguments
        self,
        image: Any = None,
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
        namespace: str | None = None,
        token_auth_enabled: bool | None = None,
        cpu_cores_limit: float | None = None,
        memory_gb_limit: float | None = None,
        **further: Any,
    ) -> None:
        """
        Change what is said, leave the rest. New content, limits or workers start beside what
        serves and take over when they are ready. Raises ``WebserviceException``, and ``TypeError``
        for a name that nothing knows.
        """
        super().update(
            image=image, autoscale_enabled=autoscale_enabled,
            autoscale_min_replicas=autoscale_min_replicas,
            autoscale_max_replicas=autoscale_max_replicas,
            autoscale_refresh_seconds=autoscale_refresh_seconds,
            autoscale_target_utilization=autoscale_target_utilization,
            collect_model_data=collect_model_data, auth_enabled=auth_enabled,
            cpu_cores=cpu_cores, memory_gb=memory_gb, enable_app_insights=enable_app_insights,
            scoring_timeout_ms=scoring_timeout_ms,
            replica_max_concurrent_requests=replica_max_concurrent_requests,
            max_request_wait_time=max_request_wait_time, num_replicas=num_replicas, tags=tags,
            properties=properties, description=description, models=models,
            inference_config=inference_config, gpu_cores=gpu_cores,
            period_seconds=period_seconds, initial_delay_seconds=initial_delay_seconds,
            timeout_seconds=timeout_seconds, success_threshold=success_threshold,
            failure_threshold=failure_threshold, namespace=namespace,
            token_auth_enabled=token_auth_enabled, cpu_cores_limit=cpu_cores_limit,
            memory_gb_limit=memory_gb_limit, **further,
        )  # fmt: skip
