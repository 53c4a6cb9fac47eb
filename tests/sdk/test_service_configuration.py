from typing import Any, cast

import pytest

from modelyard import (
    AciWebservice,
    AksEndpoint,
    AksWebservice,
    Endpoint,
    LocalWebservice,
    Webservice,
)
from modelyard.sdk.configuration_checks import check_known
from modelyard.sdk.errors import ComputeTargetException, WebserviceException
from modelyard.sdk.service_changes import ChangesService
from modelyard.sdk.service_configuration import WebserviceDeploymentConfiguration
from modelyard.wire.contents import Content, Limits, ServingOptions
from modelyard.wire.environments import EnvironmentDefinition
from modelyard.wire.services import ServiceRequest


def request_of(configuration: WebserviceDeploymentConfiguration) -> ServiceRequest:
    environment = EnvironmentDefinition(name="e")
    content = Content(source="", entry_script="", environment=environment)
    request = ServiceRequest(name="x", content=content)
    configuration.fill(request)
    return request


def test_a_native_service_has_the_servers_choice_of_keys_and_no_limits() -> None:
    request = request_of(WebserviceDeploymentConfiguration())

    assert (request.kind, request.auth) == ("NATIVE", None)
    assert WebserviceDeploymentConfiguration().limits() == Limits()


def test_only_limits_that_are_written_are_enforced() -> None:
    assert AciWebservice.deploy_configuration(memory_gb=2).limits() == Limits(memory_gb=2)
    assert AciWebservice.deploy_configuration().limits() == Limits()


def test_azures_defaults_are_shown_and_marked() -> None:
    shown = AciWebservice.deploy_configuration(cpu_cores=1).shown()

    assert shown == {"cpu_cores": 1, "memory_gb": "0.5 (default, not enforced)"}


@pytest.mark.parametrize(("enabled", "auth"), [(None, None), (True, "key"), (False, "off")])
def test_auth_is_left_to_the_kind_unless_it_is_said(enabled: Any, auth: Any) -> None:
    assert request_of(AciWebservice.deploy_configuration(auth_enabled=enabled)).auth == auth


def test_milliseconds_and_replicas_become_what_the_server_takes() -> None:
    serving = AksWebservice.deploy_configuration(
        num_replicas=3, scoring_timeout_ms=1500, max_request_wait_time=500
    ).serving()

    assert (serving.workers, serving.scoring_timeout, serving.queue_wait) == (3, 1.5, 0.5)


def test_the_arguments_are_attributes_as_in_azure() -> None:
    configuration = AciWebservice.deploy_configuration(cpu_cores=2, tags={"a": 1})

    assert (configuration.cpu_cores, configuration.memory_gb) == (2, None)
    assert configuration.tags == {"a": 1}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"autoscale_enabled": True, "num_replicas": 2}, "num_replicas"),
        ({"autoscale_min_replicas": 2, "num_replicas": 2}, "autoscale_min_replicas"),
        ({"autoscale_min_replicas": 5, "autoscale_max_replicas": 2}, "above"),
        ({"autoscale_target_utilization": 120}, "percentage"),
        ({"cpu_cores": 0}, "cpu_cores"),
        ({"memory_gb": "much"}, "memory_gb"),
        ({"token_auth_enabled": True, "auth_enabled": True}, "not both"),
        ({"token_auth_enabled": True, "primary_key": "k"}, "token_auth_enabled"),
        ({"autoscale_enabled": False, "autoscale_max_replicas": 2}, "autoscale_enabled=False"),
        ({"num_replicas": 1.5}, "whole number"),
        ({"gpu_cores": -1}, "gpu_cores"),
        ({"cpu_cores": 2, "cpu_cores_limit": 1}, "cpu_cores_limit"),
        ({"memory_gb": float("nan")}, "memory_gb"),
        ({"primary_key": "k", "auth_enabled": False}, "auth_enabled=False"),
        ({"namespace": "Bad_Name"}, "Bad_Name"),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(
    arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(WebserviceException, match=rf"^Invalid configuration, .*{says}"):
        AksWebservice.deploy_configuration(**arguments)


@pytest.mark.parametrize("percentile", [-1, 100.5, "half", True])
def test_what_is_no_share_is_refused(percentile: Any) -> None:
    with pytest.raises(WebserviceException, match="traffic_percentile"):
        AksEndpoint.deploy_configuration(traffic_percentile=percentile)


@pytest.mark.parametrize(
    ("said", "workers", "most"),
    [
        ({}, None, -1),
        ({"num_replicas": 3}, 3, 0),
        ({"autoscale_enabled": False}, None, 0),
        ({"autoscale_enabled": True}, None, -1),
        ({"autoscale_min_replicas": 2}, 2, -1),
        ({"autoscale_min_replicas": 2, "autoscale_max_replicas": 5}, 2, 5),
        ({"autoscale_max_replicas": 5}, None, 5),
    ],
)
def test_replicas_scale_as_in_azure(said: dict[str, Any], workers: int | None, most: int) -> None:
    serving = AksWebservice.deploy_configuration(**said).serving()

    assert (serving.workers, serving.max_workers) == (workers, most)


def test_every_argument_of_aks_becomes_what_the_server_takes() -> None:
    configuration = AksWebservice.deploy_configuration(
        autoscale_target_utilization=60,
        autoscale_refresh_seconds=5,
        replica_max_concurrent_requests=4,
        enable_app_insights=True,
        cpu_cores=0.5,
        memory_gb=1,
        gpu_cores=0,
        cpu_cores_limit=2,
        period_seconds=20,
        namespace="nlp",
    )

    serving = configuration.serving()

    assert (serving.target_utilization, serving.refresh, serving.concurrency) == (0.6, 5, 4)
    assert serving.collect_model_data is True
    assert configuration.limits() == Limits(cpu=2, memory_gb=1, each=True)
    shown = configuration.shown()
    assert (shown["period_seconds"], shown["namespace"]) == (20, "nlp")
    assert shown["failure_threshold"] == "3 (default, not enforced)"


def test_nothing_is_added_to_a_native_service() -> None:
    assert Webservice.deploy_configuration().serving() == ServingOptions()
    assert Webservice.deploy_configuration(cpu_cores=1).limits() == Limits(cpu=1)


def test_an_endpoints_first_version_is_called_like_it_and_has_its_share() -> None:
    request = request_of(AksEndpoint.deploy_configuration(traffic_percentile=40, tag={"a": 1}))

    assert (request.kind, request.version, request.traffic) == ("AKSENDPOINT", "x", 40)
    assert request.tags == {"a": "1"}
    named = AksEndpoint.deploy_configuration(version_name="one", namespace="nlp")
    assert request_of(named).version == "one"


def test_a_native_endpoint_names_its_first_version_and_takes_every_option() -> None:
    request = request_of(
        Endpoint.deploy_configuration(
            version_name="blue", sticky="cookie", idle_timeout=60, cold_start_timeout=30
        )
    )

    assert (request.kind, request.version, request.sticky) == ("NATIVE", "blue", "cookie")
    with pytest.raises(TypeError, match="idle_time"):
        Endpoint.deploy_configuration(idle_time=60)


def test_tokens_are_the_wires_third_way() -> None:
    assert request_of(AksWebservice.deploy_configuration(token_auth_enabled=True)).auth == "token"
    assert request_of(AksWebservice.deploy_configuration(token_auth_enabled=False)).auth is None


def test_a_compute_target_is_named_once() -> None:
    configuration = AksWebservice.deploy_configuration(compute_target_name="one")

    assert configuration.compute() == configuration.compute("one") == "one"
    with pytest.raises(WebserviceException, match="'two' and compute_target_name 'one'"):
        configuration.compute("two")
    with pytest.raises(ComputeTargetException, match="ComputeTarget or its name"):
        configuration.compute(3)


@pytest.mark.parametrize("port", [0, 70000, "80", True])
def test_what_is_no_port_is_refused(port: Any) -> None:
    with pytest.raises(WebserviceException, match="port"):
        LocalWebservice.deploy_configuration(port)


def test_a_change_by_a_name_that_nothing_knows_is_refused() -> None:
    with pytest.raises(TypeError, match="'num_replica': no such option of a service"):
        ChangesService.update(cast(Any, object()), num_replica=2)


@pytest.mark.parametrize(
    "name",
    [
        "autoscale_enabled", "autoscale_min_replicas", "autoscale_max_replicas",
        "autoscale_refresh_seconds", "autoscale_target_utilization", "collect_model_data",
        "cpu_cores", "memory_gb", "cpu_cores_limit", "memory_gb_limit", "gpu_cores",
        "enable_app_insights", "scoring_timeout_ms", "replica_max_concurrent_requests",
        "max_request_wait_time", "num_replicas", "token_auth_enabled", "period_seconds",
        "initial_delay_seconds", "timeout_seconds", "success_threshold", "failure_threshold",
        "namespace",
    ],
)  # fmt: skip
def test_azures_names_of_a_change_are_known(name: str) -> None:
    check_known("a service", {name: 1})


_AKS_UPDATE = [
    "image", "autoscale_enabled", "autoscale_min_replicas", "autoscale_max_replicas",
    "autoscale_refresh_seconds", "autoscale_target_utilization", "collect_model_data",
    "auth_enabled", "cpu_cores", "memory_gb", "enable_app_insights", "scoring_timeout_ms",
    "replica_max_concurrent_requests", "max_request_wait_time", "num_replicas", "tags",
    "properties", "description", "models", "inference_config", "gpu_cores", "period_seconds",
    "initial_delay_seconds", "timeout_seconds", "success_threshold", "failure_threshold",
    "namespace", "token_auth_enabled", "cpu_cores_limit", "memory_gb_limit",
]  # fmt: skip
_ACI_UPDATE = [
    "image", "tags", "properties", "description", "auth_enabled", "ssl_enabled",
    "ssl_cert_pem_file", "ssl_key_pem_file", "ssl_cname", "enable_app_insights", "models",
    "inference_config",
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "names"), [(AksWebservice, _AKS_UPDATE), (AciWebservice, _ACI_UPDATE)]
)
def test_arguments_of_an_update_have_azures_places(
    kind: type[Webservice], names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: dict[str, Any] = {}
    monkeypatch.setattr(ChangesService, "update", lambda _, **said: heard.update(said))
    values = [None if name.startswith("ssl_") else f"the {name}" for name in names]

    kind.update(object.__new__(kind), *values)

    assert heard == {name: f"the {name}" for name in names if not name.startswith("ssl_")}


def test_tls_of_a_service_that_is_changed_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="TLS proxy"):
        AciWebservice.update(object.__new__(AciWebservice), ssl_enabled=True)
