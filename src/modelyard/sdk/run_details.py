"""What ``get_details`` says of a run."""

from collections.abc import Sequence
from typing import Any

import modelyard
from modelyard.wire.runs import Run


def portal_url(url: str, workspace: str, run_id: str) -> str:
    """The address of a run's page."""
    return f"{url}/studio/workspaces/{workspace}/runs/{run_id}"


def details(
    facts: Run, log_files: Sequence[str], experiment: "modelyard.Experiment"
) -> dict[str, Any]:
    """Azure's keys; error and endTimeUtc only where there is one."""
    workspace = experiment.workspace
    page = portal_url(workspace.service_context.url, workspace.name, facts.id)
    found: dict[str, Any] = {
        "runId": facts.id,
        "target": facts.target,
        "status": facts.status,
        "startTimeUtc": (facts.started or facts.created).isoformat(),
        "endTimeUtc": None if facts.ended is None else facts.ended.isoformat(),
        "properties": dict(facts.properties),
        "inputDatasets": [],
        "outputDatasets": [],
        "runDefinition": {k: v for k, v in facts.definition.items() if k != "job"},
        "logFiles": {name: f"{page}/files/{name}" for name in log_files},
        "submittedBy": facts.submitted_by,
    }
    if facts.error:
        found["error"] = facts.error
    return {k: v for k, v in found.items() if k != "endTimeUtc" or v is not None}
