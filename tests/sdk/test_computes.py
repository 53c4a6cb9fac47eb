"""Compute targets, as Azure's scripts make and use them."""

import json
from pathlib import Path

import pytest

from modelyard import (
    AksCompute,
    AksWebservice,
    AmlCompute,
    ComputeTarget,
    Experiment,
    Model,
    ScriptRunConfig,
    Webservice,
    Workspace,
)
from modelyard.domain.errors import AlreadyExists, InUse, NotFound
from modelyard.sdk.compute_configuration import ComputeTargetConfiguration
from modelyard.sdk.errors import (
    ComputeTargetException,
    NotSupportedException,
    WebserviceException,
)
from tests.e2e.deploying import config
from tests.waiting import wait_until


def aks(ws: Workspace, name: str = "cluster", **said: object) -> ComputeTarget:
    wanted = AksCompute.provisioning_configuration(**said)  # type: ignore[arg-type]
    return ComputeTarget.create(ws, name, wanted)


def test_a_cluster_is_made_found_listed_and_deleted(
    ws: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    made = aks(ws, vm_size="Standard_ND6s", cluster_purpose=AksCompute.ClusterPurpose.DEV_TEST)
    made.wait_for_completion(show_output=True)

    assert isinstance(made, AksCompute)
    said = capsys.readouterr().out
    assert said.startswith("Creating\n")
    assert said.endswith('Succeeded\nProvisioning operation finished, operation "Succeeded"\n')
    assert (made.provisioning_state, made.provisioning_errors, made.type) == (
        "Succeeded", [], "AKS",
    )  # fmt: skip
    assert (made.agent_vm_size, made.cluster_purpose) == ("Standard_ND6s", "DevTest")
    found = ComputeTarget(ws, "cluster")
    assert isinstance(found, AksCompute)
    assert isinstance(AksCompute(ws, "cluster"), AksCompute)
    assert [c.name for c in ComputeTarget.list(ws)] == ["cluster"]
    assert [*ws.compute_targets] == ["cluster"]
    assert json.dumps(found.serialize())
    assert ComputeTarget.deserialize(ws, found.serialize()).name == "cluster"

    found.delete()
    found.wait_for_completion(show_output=True, is_delete_operation=True)

    assert found.provisioning_state == "Deleting"
    assert dict(ws.compute_targets) == {}


def test_a_missing_one_is_azures_error_and_one_made_twice_is_given_back(ws: Workspace) -> None:
    wanted = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=4)
    with pytest.raises(ComputeTargetException, match="ComputeTargetNotFound") as missing:
        ComputeTarget(workspace=ws, name="cpu-cluster")
    target = ComputeTarget.create(ws, "cpu-cluster", wanted)
    target.wait_for_completion(show_output=True, min_node_count=None, timeout_in_minutes=20)

    again = ComputeTarget.create(ws, "cpu-cluster", wanted)

    assert isinstance(missing.value, NotFound)
    assert isinstance(again, AmlCompute)
    with pytest.raises(ComputeTargetException, match="'cpu-cluster'") as raised:
        aks(ws, "cpu-cluster")
    assert isinstance(raised.value, AlreadyExists)
    with pytest.raises(ComputeTargetException, match=r"AmlCompute\(ws, 'cpu-cluster'\)"):
        AksCompute(ws, "cpu-cluster")


def test_a_cluster_that_is_there_is_attached_and_detached(ws: Workspace) -> None:
    wanted = AksCompute.attach_configuration(resource_group="my-rg", cluster_name="mine")
    target = ComputeTarget.attach(ws, "mine", wanted)
    by_id = AksCompute.attach(ws, "other", "/subscriptions/s/clusters/other")
    by_name = AksCompute.attach(ws, "third", resource_id="/subscriptions/s/clusters/third")

    assert (target.is_attached, target.cpu, target.memory_gb) == (True, None, None)
    assert by_id.cluster_resource_id == "/subscriptions/s/clusters/other"
    assert by_name.cluster_resource_id == "/subscriptions/s/clusters/third"
    target.detach()
    assert sorted(c.name for c in ComputeTarget.list(ws)) == ["other", "third"]


def test_a_jobs_cluster_says_its_nodes_and_what_runs_on_it(ws: Workspace) -> None:
    wanted = AmlCompute.provisioning_configuration(
        vm_size="STANDARD_D2_V2", min_nodes=0, max_nodes=2, idle_seconds_before_scaledown=300
    )
    target = ComputeTarget.create(ws, "jobs", wanted)
    assert isinstance(target, AmlCompute)
    Path("wait.py").write_text("import time\nprint('on', flush=True)\ntime.sleep(120)\n")
    run = Experiment(ws, "busy").submit(ScriptRunConfig(".", "wait.py", compute_target=target))
    try:
        wait_until(lambda: run.get_status() == "Running", what="the job to run")
        status = target.get_status().serialize()
        nodes = target.list_nodes()
        active = [active.id for active in target.get_active_runs()]
    finally:
        run.cancel()

    assert status["scaleSettings"] == {
        "minNodeCount": 0, "maxNodeCount": 2, "nodeIdleTimeBeforeScaleDown": "PT300S",
    }  # fmt: skip
    assert (status["currentNodeCount"], active) == (1, [run.id])
    assert [node["runId"] for node in nodes] == [run.id]
    target.update(max_nodes=6)
    assert target.scale_settings.maximum_node_count == 6
    with pytest.raises(ComputeTargetException, match="min_nodes 9 is above max_nodes 6"):
        target.update(min_nodes=9)
    with pytest.raises(NotSupportedException):
        AmlCompute.supported_vmsizes(ws)


def test_tls_is_kept_to_be_shown_but_never_its_key(ws: Workspace) -> None:
    wanted = AksCompute.provisioning_configuration()
    wanted.enable_ssl(leaf_domain_label="contoso")
    target = ComputeTarget.create(ws, "safe", wanted)
    own = AksCompute.provisioning_configuration(
        ssl_cname="www.example.org", ssl_cert_pem_file="cert.pem", ssl_key_pem_file="key.pem"
    )

    assert isinstance(target, AksCompute)
    assert target.ssl_configuration is not None
    assert target.ssl_configuration["leafDomainLabel"] == "contoso"
    assert "key.pem" not in str(ComputeTarget.create(ws, "own", own).serialize())
    with pytest.raises(ComputeTargetException, match="not all ssl information"):
        wanted.enable_ssl(ssl_cname="www.example.org")


def test_services_share_a_target_until_it_is_full(ws: Workspace, tmp_path: Path) -> None:
    # a size that every machine has, so that the target is smaller than the machine
    target = aks(ws, "small", vm_size="Standard_A1_v2")
    inference = config(tmp_path / "code")
    fixed = AksWebservice.deploy_configuration(cpu_cores=0.6, num_replicas=1)

    service = Model.deploy(ws, "first", [], inference, fixed, target)

    assert service.compute_name == "small"
    target.refresh_state()
    assert target.services == ["first"]
    if target.cpu is not None:  # on a machine with one core the target is all of it
        with pytest.raises(WebserviceException, match=r"'small' has no room: 0\.6 cores"):
            Model.deploy(ws, "second", [], inference, fixed, target)
    with pytest.raises(ComputeTargetException, match="first") as raised:
        target.delete()
    assert isinstance(raised.value, InUse)
    service.delete()
    target.delete()


def test_an_unknown_target_is_refused_naming_those_there_are(
    ws: Workspace, tmp_path: Path
) -> None:
    aks(ws, "cluster")
    inference = config(tmp_path / "code")
    wanted = AksWebservice.deploy_configuration(compute_target_name="clutser")

    with pytest.raises(WebserviceException, match=r"'clutser'.*Did you mean 'cluster'"):
        Model.deploy(ws, "lost", [], inference, wanted)

    assert Webservice.list(ws) == []


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: AksCompute.provisioning_configuration(agent_count=0), "agent_count"),
        (lambda: AksCompute.provisioning_configuration(cluster_purpose="Play"), "DevTest"),
        (lambda: AksCompute.provisioning_configuration(ssl_cname="x"), "ssl"),
        (lambda: AksCompute.attach_configuration(resource_group="g"), "cluster_name"),
        (lambda: AksCompute.attach_configuration("g", "c", "id"), "not both"),
        (lambda: AmlCompute.provisioning_configuration(min_nodes=5), "min_nodes 5 is above"),
        (lambda: AmlCompute.provisioning_configuration(max_nodes=-1), "max_nodes"),
        (lambda: AmlCompute.provisioning_configuration(vm_priority="high"), "vm_priority"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(make: object, says: str) -> None:
    with pytest.raises(ComputeTargetException, match=rf"^Invalid configuration, .*{says}"):
        make()  # type: ignore[operator]


def test_wrong_kinds_of_arguments_and_names_are_named(ws: Workspace) -> None:
    with pytest.raises(ComputeTargetException, match="provisioning_configuration"):
        ComputeTarget.create(ws, "cluster", {"vm_size": "x"})
    with pytest.raises(ComputeTargetException, match="attach_configuration"):
        ComputeTarget.attach(ws, "cluster", AksCompute.provisioning_configuration())
    with pytest.raises(ComputeTargetException, match="2 to 24"):
        aks(ws, "under_score")
    assert not hasattr(ComputeTargetConfiguration(a=1), "b")
