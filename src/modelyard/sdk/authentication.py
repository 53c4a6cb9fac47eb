"""Azure's ways to log in. All ask nobody and give the token of this machine's server."""

from typing import Any

from modelyard.sdk.errors import AuthenticationException, raised_as
from modelyard.sdk.launch import connect, require_token


class AbstractAuthentication:
    """What all ways have in common; arguments that name a cloud account are not looked at."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def get_authentication_header(self) -> dict[str, str]:
        """The header that calls of the REST API carry."""
        return {"Authorization": f"Bearer {self.get_token()}"}

    def get_token(self, *_: Any) -> str:
        """The API token itself."""
        with raised_as(AuthenticationException):
            return require_token(connect())

    def signed_session(self, session: Any = None) -> Any:
        """The ``requests`` session with the header set."""
        if session is None:
            raise AuthenticationException(
                "Give signed_session() the requests session that shall carry the token."
            )
        session.headers.update(self.get_authentication_header())
        return session


class InteractiveLoginAuthentication(AbstractAuthentication):
    """``InteractiveLoginAuthentication(force=False, tenant_id=None, cloud=None)``."""


class AzureCliAuthentication(AbstractAuthentication):
    """``AzureCliAuthentication(cloud=None)``."""


class ServicePrincipalAuthentication(AbstractAuthentication):
    """``ServicePrincipalAuthentication(tenant_id, service_principal_id, …password, …)``."""


class MsiAuthentication(AbstractAuthentication):
    """``MsiAuthentication(identity_config=None, cloud=None)``."""


class TokenAuthentication(AbstractAuthentication):
    """``TokenAuthentication(get_token_for_audience, cloud=None)``."""
