"""Calling a service as any client would."""

import urllib3

from modelyard.domain.errors import Unavailable
from modelyard.sdk.client import Response

_pool = urllib3.PoolManager(maxsize=8, retries=urllib3.Retry(connect=3, read=0, redirect=0))

VERSION_HEADER = "azureml-model-deployment"


def score(
    uri: str, body: bytes, key: str | None, *, version: str = "", timeout: float = 300.0
) -> Response:
    """
    POST a JSON body to a scoring address; the answer whatever its status.

    ``version`` names one that shall answer, '' leaves it to the traffic. ``timeout`` in seconds.
    Raises ``Unavailable`` when nothing answers there.
    """
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    if version:
        headers[VERSION_HEADER] = version
    try:
        return _pool.request("POST", uri, body=body, headers=headers, timeout=timeout)
    except urllib3.exceptions.HTTPError as error:
        raise Unavailable(f"Nothing answers at {uri} ({error}). Is Modelyard up?") from error
