"""Versions of services for tests, made over REST; each answers with its own word."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard import Webservice, Workspace
from tests.e2e.deploying import config, deploy
from tests.e2e.harness import Yard
from tests.waiting import wait_until


@dataclass
class Address:
    """A service with versions, and short ways to use it."""

    yard: Yard
    workspace: str
    name: str
    key: str

    @property
    def path(self) -> str:
        return f"/workspaces/{self.workspace}/services/{self.name}"

    def call(self, method: str, path: str = "", expect: int = 200, **body: Any) -> Any:
        """A call of the service's REST routes; fails the test on another status."""
        sent = {"json": body} if method in {"POST", "PATCH"} else {}
        answer = self.yard.call(method, self.path + path, **sent)
        assert answer.status == expect, answer.data
        return answer.json()

    def version(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/versions/{name}")
        return found

    def make(self, name: str, answer: str = "", **request: Any) -> None:
        """A version that answers with its name, of the default version's script."""
        content = {"variables": {"ANSWER": answer or name}}
        self.call("POST", "/versions", expect=201, name=name, content=content, **request)

    def ready(self, name: str) -> None:
        wait_until(
            lambda: self.version(name)["state"] in {"Healthy", "Failed"}, what=f"{name} to be up"
        )
        assert self.version(name)["state"] == "Healthy", self.version(name)

    def traffic(self, **shares: float) -> Any:
        return self.call("PATCH", "/traffic", shares=shares)

    def ask(self, **headers: str) -> tuple[int, str, str]:
        """The status, the word that was answered, and the version that says it answered."""
        answer = self.yard.score(
            self.name, {"n": 1}, workspace=self.workspace, key=self.key, **headers
        )
        word = str(answer.json().get("answer")) if answer.status == 200 else ""
        return answer.status, word, str(answer.headers.get("azureml-model-deployment"))

    def count(self, requests: int, **headers: str) -> Counter[str]:
        """Who answered so many requests; fails the test when one was not answered well."""
        seen = [self.ask(**headers) for _ in range(requests)]
        assert {status for status, _, _ in seen} == {200}
        return Counter(word for _, word, _ in seen)

    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "/events")["items"]
        return found


def address(yard: Yard, folder: Path, workspace: str, name: str, version: str) -> Address:
    """A service of one version, deployed and healthy."""
    ws = Workspace.create(workspace, exist_ok=True)
    service: Webservice = deploy(ws, name, config(folder / version, ANSWER=version))
    key, _ = service.get_keys()
    return Address(yard, workspace, name, key)


def timed(work: Callable[[], object]) -> float:
    """Seconds that it took."""
    began = time.monotonic()
    work()
    return time.monotonic() - began
