"""AksCompute: where Azure's scripts deploy services; here a named share of the machine."""

from typing import Any, cast

import modelyard
from modelyard.sdk.compute_configuration import (
    ComputeTargetAttachConfiguration,
    ComputeTargetConfiguration,
    ComputeTargetProvisioningConfiguration,
    ComputeTargetUpdateConfiguration,
    shown_of,
    whole_above,
)
from modelyard.sdk.computes import ComputeTarget
from modelyard.sdk.errors import ComputeTargetException
from modelyard.wire.computes import ComputeChange


class SslConfiguration:
    """What is said of TLS. Kept and shown: TLS ends at a proxy before the server's port."""

    def __init__(
        self,
        status: str | None = None,
        cert: str | None = None,
        key: str | None = None,
        cname: str | None = None,
        leaf_domain_label: str | None = None,
        overwrite_existing_domain: bool = False,
        renew: bool = False,
    ) -> None:
        self.status = status
        self.cert = cert
        self.key = key
        self.cname = cname
        self.leaf_domain_label = leaf_domain_label
        self.overwrite_existing_domain = overwrite_existing_domain
        self.renew = renew

    def serialize(self) -> dict[str, Any]:
        """Under Azure's keys; never the certificate or the key."""
        return {"status": self.status, "cname": self.cname,
                "leafDomainLabel": self.leaf_domain_label,
                "overwriteExistingDomain": self.overwrite_existing_domain}  # fmt: skip


class _SaysSsl(ComputeTargetConfiguration):
    """TLS may be asked for."""

    kind = "AKS"

    def enable_ssl(
        self,
        ssl_cname: str | None = None,
        ssl_cert_pem_file: str | None = None,
        ssl_key_pem_file: str | None = None,
        leaf_domain_label: str | None = None,
        overwrite_existing_domain: bool = False,
    ) -> None:
        """
        Kept and shown. Services speak HTTP: put a proxy that ends TLS before the server's port.

        Raises ``ComputeTargetException`` unless a label, or name, certificate and key are given.
        """
        own = (ssl_cname, ssl_cert_pem_file, ssl_key_pem_file)
        if leaf_domain_label and any(own):
            raise ComputeTargetException(
                "Invalid configuration, give leaf_domain_label or a certificate, not both."
            )
        if not leaf_domain_label:
            check_ssl(*own, needed=True)
        ssl = SslConfiguration(
            "Auto" if leaf_domain_label else "Enabled", None, None, ssl_cname, leaf_domain_label,
            overwrite_existing_domain,
        )  # fmt: skip
        self.said["ssl"] = ssl.serialize()


class AksProvisioningConfiguration(_SaysSsl, ComputeTargetProvisioningConfiguration):
    """What ``AksCompute.provisioning_configuration`` gives."""

    def validate_configuration(self) -> None:
        """Raises ``ComputeTargetException`` for what cannot be."""
        whole_above(self.said, "agent_count", 1)
        check_purpose(self.said.get("cluster_purpose"))
        check_ssl(*(self.said.get(n) for n in ("ssl_cname", "ssl_cert_pem_file",
                                               "ssl_key_pem_file")))  # fmt: skip


class AksAttachConfiguration(_SaysSsl, ComputeTargetAttachConfiguration):
    """What ``AksCompute.attach_configuration`` gives."""

    def validate_configuration(self) -> None:
        """Raises ``ComputeTargetException`` for what cannot be."""
        check_purpose(self.said.get("cluster_purpose"))
        named = (self.said.get("resource_group"), self.said.get("cluster_name"))
        if self.said.get("resource_id"):
            if any(named):
                raise ComputeTargetException(
                    "Invalid configuration, give resource_group and cluster_name, or resource_id, "
                    "not both."
                )
        elif not all(named):
            raise ComputeTargetException(
                "Invalid configuration, resource_group and cluster_name are needed, or "
                "resource_id."
            )


class AksUpdateConfiguration(ComputeTargetUpdateConfiguration):
    """What ``AksCompute.update`` takes."""

    kind = "AKS"

    def __init__(
        self,
        ssl_configuration: SslConfiguration | None = None,
        load_balancer_type: str | None = None,
        load_balancer_subnet: str | None = None,
    ) -> None:
        super().__init__(
            ssl=None if ssl_configuration is None else ssl_configuration.serialize(),
            load_balancer_type=load_balancer_type, load_balancer_subnet=load_balancer_subnet,
        )  # fmt: skip


class AksCompute(ComputeTarget):
    """A share of the machine that services are deployed to."""

    _compute_type = "AKS"

    class ClusterPurpose:
        """What a cluster is for; kept and shown."""

        FAST_PROD = "FastProd"
        DENSE_PROD = "DenseProd"
        DEV_TEST = "DevTest"

    @staticmethod
    def provisioning_configuration(
        agent_count: int | None = None,
        vm_size: str | None = None,
        ssl_cname: str | None = None,
        ssl_cert_pem_file: str | None = None,
        ssl_key_pem_file: str | None = None,
        location: str | None = None,
        vnet_resourcegroup_name: str | None = None,
        vnet_name: str | None = None,
        subnet_name: str | None = None,
        service_cidr: str | None = None,
        dns_service_ip: str | None = None,
        docker_bridge_cidr: str | None = None,
        cluster_purpose: str | None = None,
        load_balancer_type: str | None = None,
        load_balancer_subnet: str | None = None,
    ) -> AksProvisioningConfiguration:
        """
        A target as large as ``agent_count`` (1 unless said) machines of ``vm_size``.

        Azure's well-known sizes are known, and bound what is deployed; a larger one than the
        server's machine, an unknown one and none at all mean the whole machine.
        """
        return AksProvisioningConfiguration(
            agent_count=agent_count, vm_size=vm_size, ssl_cname=ssl_cname,
            ssl_cert_pem_file=ssl_cert_pem_file, ssl_key_pem_file=ssl_key_pem_file,
            location=location, vnet_resourcegroup_name=vnet_resourcegroup_name,
            vnet_name=vnet_name, subnet_name=subnet_name, service_cidr=service_cidr,
            dns_service_ip=dns_service_ip, docker_bridge_cidr=docker_bridge_cidr,
            cluster_purpose=cluster_purpose, load_balancer_type=load_balancer_type,
            load_balancer_subnet=load_balancer_subnet,
        )  # fmt: skip

    @staticmethod
    def attach_configuration(
        resource_group: str | None = None,
        cluster_name: str | None = None,
        resource_id: str | None = None,
        cluster_purpose: str | None = None,
        load_balancer_type: str | None = None,
        load_balancer_subnet: str | None = None,
    ) -> AksAttachConfiguration:
        """The whole machine under a name; what is said of the cluster is kept and shown."""
        return AksAttachConfiguration(
            resource_group=resource_group, cluster_name=cluster_name, resource_id=resource_id,
            cluster_purpose=cluster_purpose, load_balancer_type=load_balancer_type,
            load_balancer_subnet=load_balancer_subnet,
        )  # fmt: skip

    @staticmethod
    def attach(
        workspace: "modelyard.Workspace",
        name: str,
        attach_configuration: Any = None,
        *,
        resource_id: str | None = None,
    ) -> "AksCompute":
        """
        Like ``ComputeTarget.attach``; Azure's older form with a resource's id, in its place or by
        its name, works too.
        """
        if isinstance(attach_configuration, str):
            resource_id = attach_configuration
        if resource_id is not None:
            attach_configuration = AksCompute.attach_configuration(resource_id=resource_id)
        return cast(AksCompute, ComputeTarget.attach(workspace, name, attach_configuration))

    @property
    def agent_count(self) -> int | None:
        return cast("int | None", self._said("agent_count"))

    @property
    def agent_vm_size(self) -> str | None:
        return cast("str | None", self._said("vm_size"))

    @property
    def cluster_purpose(self) -> str | None:
        return cast("str | None", self._said("cluster_purpose"))

    @property
    def cluster_resource_id(self) -> str | None:
        return cast("str | None", self._said("resource_id"))

    @property
    def load_balancer_type(self) -> str | None:
        return cast("str | None", self._said("load_balancer_type"))

    @property
    def ssl_configuration(self) -> dict[str, Any] | None:
        """What was said of TLS."""
        return cast("dict[str, Any] | None", self._said("ssl"))

    def update(self, update_configuration: AksUpdateConfiguration) -> None:
        """Keep what it says of TLS or the load balancer."""
        said = {k: shown_of(v) for k, v in update_configuration.said.items() if v is not None}
        self._change(ComputeChange(configuration=said))


def check_purpose(purpose: Any) -> None:
    """Raises ``ComputeTargetException`` for other than Azure's words."""
    kinds = AksCompute.ClusterPurpose
    known = (kinds.FAST_PROD, kinds.DENSE_PROD, kinds.DEV_TEST)
    if purpose is not None and purpose not in known:
        raise ComputeTargetException(
            f"Invalid configuration, cluster_purpose {purpose!r} must be one of "
            f"{', '.join(known)}."
        )


def check_ssl(cname: Any, cert: Any, key: Any, *, needed: bool = False) -> None:
    """Raises ``ComputeTargetException`` when only some of the three are given, or none."""
    given = [bool(value) for value in (cname, cert, key)]
    if any(given) != all(given) or (needed and not any(given)):
        raise ComputeTargetException(
            "Invalid configuration, not all ssl information provided: ssl_cname, "
            "ssl_cert_pem_file and ssl_key_pem_file go together."
        )
