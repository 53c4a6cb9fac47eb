"""How a rollout looks to its users. Pure."""

from datetime import datetime

import msgspec

from modelyard.domain.rollouts import Rollout, RolloutState
from modelyard.domain.services import Service
from modelyard.usecases.rollout_judging import judgement_of
from modelyard.usecases.rollout_rules import lacking, share_now
from modelyard.usecases.rollout_terms import terms_of
from modelyard.wire import rollouts as wire

_WORDS = {
    RolloutState.PROMOTED: "promoted",
    RolloutState.ROLLED_BACK: "rolled back",
    RolloutState.KEPT: "ended, and traffic goes back",
    RolloutState.STOPPED: "stopped",
}


def view(rollout: Rollout, service: Service | None, now: datetime) -> wire.Rollout:
    """Everything about a rollout; ``service`` None when it is gone."""
    judgement, terms = judgement_of(rollout), terms_of(rollout)
    findings = judgement.findings if judgement else ()
    return wire.Rollout(
        id=rollout.id,
        workspace=rollout.workspace,
        service=rollout.name,
        candidate=rollout.candidate,
        control=rollout.control,
        state=rollout.state.value,
        steps=[share / 10 for share in rollout.steps],
        step=rollout.step,
        share=_share(rollout, service) / 10,
        created=rollout.created,
        updated=rollout.updated,
        since=rollout.since,
        decision=judgement.decision if judgement else "",
        reasons=_reasons(rollout),
        waiting_for=_waiting_for(rollout, now),
        findings=[msgspec.convert(finding, wire.Finding) for finding in findings],
        units=list(judgement.users) if judgement else [0, 0],
        unit="user" if terms.by_user else "request",
        history=[
            wire.RolloutStep(
                time=datetime.fromisoformat(entry["time"]),
                what=entry["what"],
                share=entry["share"] / 10,
                why=entry["why"],
            )
            for entry in rollout.history
        ],
        plan=dict(rollout.plan),
        created_by=rollout.created_by,
    )


def _share(rollout: Rollout, service: Service | None) -> int:
    if rollout.ended and rollout.history:
        return int(rollout.history[-1]["share"])
    return share_now(rollout, service)


def _reasons(rollout: Rollout) -> list[str]:
    """Of an end those that led to it; before, what is waited for and what the numbers say."""
    judgement = judgement_of(rollout)
    if rollout.ended or rollout.ending is not None or judgement is None:
        return [*rollout.reasons]
    return [*rollout.reasons, *(r for r in judgement.reasons if r not in rollout.reasons)]


def _waiting_for(rollout: Rollout, now: datetime) -> str:
    if rollout.ended:
        return ""
    if rollout.ending is not None:
        return f"being {_WORDS[rollout.ending]}"
    if rollout.state is RolloutState.PROPOSED:
        return "a person who promotes it or rolls it back"
    if rollout.since is None:
        share = rollout.steps[max(0, rollout.step)] / 10
        return f"{share:g} % of the traffic to be moved to {rollout.candidate!r}"
    return lacking(rollout, now) or "proof"
