from typing import Any

import pytest

from modelyard import AciWebservice, AksWebservice, LocalWebservice
from modelyard.sdk.errors import WebserviceException
from modelyard.sdk.service_configuration import WebserviceDeploymentConfiguration
from modelyard.wire.services import Content, EnvironmentDefinition, Limits, ServiceRequest


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
        ({"token_auth_enabled": True}, "token_auth_enabled"),
        ({"token_auth_enabled": True, "auth_enabled": True}, "not both"),
        ({"primary_key": "k", "auth_enabled": False}, "auth_enabled=False"),
        ({"namespace": "Bad_Name"}, "Bad_Name"),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(
    arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(WebserviceException, match=says):
        AksWebservice.deploy_configuration(**arguments)


@pytest.mark.parametrize("port", [0, 70000, "80", True])
def test_what_is_no_port_is_refused(port: Any) -> None:
    with pytest.raises(WebserviceException, match="port"):
        LocalWebservice.deploy_configuration(port)
