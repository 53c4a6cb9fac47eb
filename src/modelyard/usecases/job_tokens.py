"""Tokens of jobs: signed, not stored; they open the run's workspace while the job goes on."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

from modelyard.domain.errors import NotFound, Unauthenticated
from modelyard.domain.runs import Run
from modelyard.domain.tokens import Role, WorkspaceToken
from modelyard.ports import Clock, RunStore

PREFIX = "myjob_"
"""Every job's token begins so: scanners for leaked secrets can know it."""

AFTER = timedelta(minutes=10)
"""How long after the end of its run a token still opens: for who is just telling the last."""


class JobTokens:
    """Makes and recognises them; ``secret`` is the home's."""

    def __init__(self, secret: bytes, runs: RunStore, clock: Clock) -> None:
        self._key = hmac.digest(secret, b"modelyard job tokens", "sha256")
        self._runs = runs
        self._clock = clock

    def issue(self, run: Run) -> str:
        """The token of a run's job; the same each time."""
        body = _text(json.dumps([run.workspace, run.id]).encode())
        return f"{PREFIX}{body}.{self._sign(body)}"

    def token_of(self, run: Run) -> WorkspaceToken:
        """What a run's token opens, with its hash."""
        digest = hashlib.sha256(self.issue(run).encode()).hexdigest()
        return self._token(run, digest)

    def authenticate(self, secret: str) -> WorkspaceToken:
        """Raises Unauthenticated for a forged one, and for one whose job is over."""
        body, _, signature = secret.removeprefix(PREFIX).partition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(body).encode()):
            raise Unauthenticated("This token of a job was not made here.")
        workspace, id = json.loads(base64.urlsafe_b64decode(body))
        try:
            run = self._runs.get(workspace, id)
        except NotFound:
            raise Unauthenticated(f"The run {id!r} of this token is gone.") from None
        if run.ended is not None and self._clock.now() - run.ended > AFTER:
            raise Unauthenticated(f"The run {id!r} has ended, so its token opens nothing now.")
        return self._token(run)

    @staticmethod
    def _token(run: Run, sha256: str = "") -> WorkspaceToken:
        return WorkspaceToken(
            id=f"job-{run.id}",
            name=f"job {run.id}",
            role=Role.CONTRIBUTOR,
            sha256=sha256,
            created=run.created,
            workspace=run.workspace,
        )

    def _sign(self, body: str) -> str:
        return _text(hmac.digest(self._key, body.encode("utf-8", "surrogatepass"), hashlib.sha256))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()
