"""Tokens that open one service for a while."""

from datetime import datetime
from typing import Any


class WebServiceAccessToken:
    """
    What ``get_access_token`` gives: send ``access_token`` as a bearer until ``expiry_on``; ask
    for another from ``refresh_after``.
    """

    def __init__(
        self, access_token: str, token_type: str, refresh_after: datetime, expiry_on: datetime
    ) -> None:
        self.access_token = access_token
        self.token_type = token_type
        self.refresh_after = refresh_after
        self.expiry_on = expiry_on

    def serialize(self) -> dict[str, Any]:
        """Under Azure's keys; times in seconds since 1970."""
        return {
            "accessToken": self.access_token,
            "tokenType": self.token_type,
            "refreshAfter": int(self.refresh_after.timestamp()),
            "expiryOn": int(self.expiry_on.timestamp()),
        }

    def __repr__(self) -> str:
        # the token itself would end in logs
        return f"{type(self).__name__}(expiry_on={self.expiry_on.isoformat()})"


class AksServiceAccessToken(WebServiceAccessToken):
    """A token of a service on an AKS target."""
