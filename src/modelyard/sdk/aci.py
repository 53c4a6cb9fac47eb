"""AciWebservice: on this machine simply a service, open unless keys are asked for."""

from typing import Any

from modelyard.sdk.errors import not_supported
from modelyard.sdk.service_configuration import WebserviceDeploymentConfiguration
from modelyard.sdk.services import Webservice


class AciServiceDeploymentConfiguration(WebserviceDeploymentConfiguration):
    """What ``AciWebservice.deploy_configuration`` gives."""

    kind = "ACI"
    DEFAULTS = {"cpu_cores": 0.1, "memory_gb": 0.5}

    def validate_configuration(self) -> None:
        """Raises ``WebserviceException`` for what cannot be."""
        super().validate_configuration()
        if self.said.get("ssl_enabled"):
            raise not_supported(
                "ssl_enabled of a service", "Put a TLS proxy before Modelyard's one port."
            )


class AciWebservice(Webservice):
    """A service that was deployed with ``AciWebservice.deploy_configuration``."""

    _label = "ACI"

    @staticmethod
    def deploy_configuration(  # type: ignore[override]  # Azure's own arguments
        cpu_cores: float | None = None,
        memory_gb: float | None = None,
        tags: Any = None,
        properties: Any = None,
        description: str | None = None,
        location: str | None = None,
        auth_enabled: bool | None = None,
        ssl_enabled: bool | None = None,
        enable_app_insights: bool | None = None,
        ssl_cert_pem_file: str | None = None,
        ssl_key_pem_file: str | None = None,
        ssl_cname: str | None = None,
        dns_name_label: str | None = None,
        primary_key: str | None = None,
        secondary_key: str | None = None,
        collect_model_data: bool | None = None,
        cmk_vault_base_url: str | None = None,
        cmk_key_name: str | None = None,
        cmk_key_version: str | None = None,
        vnet_name: str | None = None,
        subnet_name: str | None = None,
    ) -> AciServiceDeploymentConfiguration:
        """
        Only limits that are written here are enforced. Keys are off unless ``auth_enabled``.
        ``enable_app_insights`` and ``collect_model_data`` keep inputs and outputs.
        """
        return AciServiceDeploymentConfiguration(
            description=description, tags=tags, properties=properties, primary_key=primary_key,
            secondary_key=secondary_key, location=location, auth_enabled=auth_enabled,
            cpu_cores=cpu_cores, memory_gb=memory_gb, ssl_enabled=ssl_enabled,
            enable_app_insights=enable_app_insights, ssl_cert_pem_file=ssl_cert_pem_file,
            ssl_key_pem_file=ssl_key_pem_file, ssl_cname=ssl_cname,
            dns_name_label=dns_name_label, collect_model_data=collect_model_data,
            cmk_vault_base_url=cmk_vault_base_url, cmk_key_name=cmk_key_name,
            cmk_key_version=cmk_key_version, vnet_name=vnet_name, subnet_name=subnet_name,
        )  # fmt: skip

    def update(  # type: ignore[override]  # Azure's own order of arguments
        self,
        image: Any = None,
        tags: Any = None,
        properties: Any = None,
        description: str | None = None,
        auth_enabled: bool | None = None,
        ssl_enabled: bool | None = None,
        ssl_cert_pem_file: str | None = None,
        ssl_key_pem_file: str | None = None,
        ssl_cname: str | None = None,
        enable_app_insights: bool | None = None,
        models: Any = None,
        inference_config: Any = None,
        **further: Any,
    ) -> None:
        """Change what is said, leave the rest. Raises ``WebserviceException``; TLS is refused."""
        del ssl_cert_pem_file, ssl_key_pem_file, ssl_cname
        if ssl_enabled:
            raise not_supported(
                "ssl_enabled of a service", "Put a TLS proxy before Modelyard's one port."
            )
        super().update(
            image=image, tags=tags, properties=properties, description=description,
            auth_enabled=auth_enabled, enable_app_insights=enable_app_insights, models=models,
            inference_config=inference_config, **further,
        )  # fmt: skip

    def get_token(self) -> Any:
        raise not_supported("Token authentication of an ACI service", "Use get_keys().")
