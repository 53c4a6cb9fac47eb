"""
What a rollout does next. Pure, so that every rule is a line in a table of tests.

A rollout's own row says what is wanted, the service's row how traffic is split. Each move writes
one of the two, and what comes next is read off both. So whoever begins after any of the writes
finds out where things stand, and goes on: a step is first wanted, then the split is set, and when
the gateway does so it is in force; an end is first decided, then the split is set, and when the
gateway does so it has ended.
"""

from datetime import datetime

from modelyard.domain.rollouts import Rollout, RolloutState
from modelyard.domain.services import Service
from modelyard.domain.traffic import BUCKETS, Split
from modelyard.usecases.rollout_judging import Judgement, began, judgement_of
from modelyard.usecases.rollout_moves import (
    Begin,
    End,
    Finish,
    Look,
    Move,
    Next,
    Propose,
    Situation,
    Wait,
    Want,
)
from modelyard.usecases.rollout_splits import at_end, at_step
from modelyard.usecases.rollout_terms import Terms, compared, terms_of
from modelyard.usecases.traffic_rules import split_of, whole

AWAY = 15.0
"""Seconds without a ready worker after which a candidate is given up; a crash takes fewer."""


BACK = 5.0
"""Seconds by which a clock may go back unnoticed."""


def next_move(s: Situation) -> Next:
    """What to do next. Every answer but Wait changes what the next answer is."""
    if s.rollout.ending is not None:
        return _end(s, s.rollout.ending)
    service = s.service
    if service is None or service.deleting:
        return End(RolloutState.STOPPED, (f"Service {s.rollout.name!r} is being deleted.",))
    return (
        _lost(s, service)
        or _moved_by_others(s, service)
        or _unhealthy(s, service)
        or _forward(s, service)
    )


def _end(s: Situation, state: RolloutState) -> Next:
    target = at_end(s.rollout, state)
    if s.service is None or s.service.deleting or target is None:
        return Finish(state)
    present = split_of(s.service)
    if present == target:
        # whoever is told that it was rolled back can be sure that it is
        return Finish(state) if s.in_force else Wait(0.0)
    if present not in _ours(s.rollout):
        return Finish(RolloutState.STOPPED, (_strange(s.rollout, present),))
    return Move(target)


def _lost(s: Situation, service: Service) -> Next | None:
    """What was compared is not there any more, or is something else."""
    rollout = s.rollout
    if not s.control.there:
        why = f"Version {rollout.control!r}, the control, is gone: nothing is left to compare."
        return End(RolloutState.STOPPED, (why,))
    if not s.candidate.there:
        why = f"Version {rollout.candidate!r}, the candidate, is gone."
        return End(RolloutState.ROLLED_BACK, (why,))
    contents = terms_of(rollout).contents
    for name, standing in ((rollout.candidate, s.candidate), (rollout.control, s.control)):
        if standing.content != contents.get(name, standing.content):
            why = (
                f"Version {name!r} of service {service.name!r} was given another content. What "
                "was measured is not true of it; begin a new rollout."
            )
            return End(RolloutState.ROLLED_BACK, (why,))
    return None


def _moved_by_others(s: Situation, service: Service) -> Next | None:
    present = split_of(service)
    if terms_of(s.rollout).by_user != bool(service.traffic.sticky):
        # only in the moment in which it was begun: from then on nobody may
        why = f"How users stay with a version of service {service.name!r} was changed meanwhile."
        return End(RolloutState.STOPPED, (why, "What is counted is not what is compared."))
    if present in _ours(s.rollout):
        return None
    return End(RolloutState.STOPPED, (_strange(s.rollout, present),))


def _ours(rollout: Rollout) -> list[Split]:
    """Splits that this rollout may have left: of the present step, and until that is in force of
    the one before it."""
    found = [at_step(rollout, rollout.step)]
    if rollout.since is None and rollout.step >= 0:
        found.append(at_step(rollout, rollout.step - 1))
    return found


def _strange(rollout: Rollout, present: Split) -> str:
    ours = _words(at_step(rollout, rollout.step))
    return (
        f"Traffic was changed by somebody else: it is {_words(present)}, the rollout had set "
        f"{ours}. It stays as it is, and the rollout has ended."
    )


def _words(split: Split) -> str:
    shares = ", ".join(f"{name} {n / 10:g} %" for name, n in sorted(whole(split).items()))
    return shares or "closed"


def _unhealthy(s: Situation, service: Service) -> Next | None:
    name = s.rollout.candidate
    if s.candidate.failed:
        why = f"Version {name!r} failed: {s.candidate.failed}"
        return End(RolloutState.ROLLED_BACK, (why,))
    if not service.enabled:
        return Wait(why=f"Service {service.name!r} is stopped: nothing is decided until it runs.")
    if s.rollout.step >= 0 and s.candidate.away > AWAY:
        why = f"No worker of version {name!r} has been ready for {s.candidate.away:.0f} s."
        return End(RolloutState.ROLLED_BACK, (why,))
    return None


def _forward(s: Situation, service: Service) -> Next:
    rollout = s.rollout
    if rollout.step < 0 or rollout.since is None:
        if not s.candidate.ready:
            return Wait(why=f"Version {rollout.candidate!r} is not ready yet.")
        return Want(0) if rollout.step < 0 else _bring_about(s, service)
    if (rollout.since - s.now).total_seconds() > BACK:
        return Want(rollout.step)  # the clock was set back: what comes now is before the step
    judgement = judgement_of(rollout)
    if judgement is None or not _fresh(judgement, s):
        return Look()
    return _judge(s, judgement, terms_of(rollout))


def _fresh(judgement: Judgement, s: Situation) -> bool:
    """Whether no other look is due; one that lies ahead is of a clock that was set back."""
    age = (s.now - judgement.time).total_seconds()
    return -BACK <= age < s.pause


def _bring_about(s: Situation, service: Service) -> Next:
    split = at_step(s.rollout, s.rollout.step)
    if split_of(service) != split:
        return Move(split)
    if not s.in_force:
        return Wait(0.0)  # the gateway is told at the next step
    return Begin()


def _judge(s: Situation, judgement: Judgement, terms: Terms) -> Next:
    rollout = s.rollout
    rest = max(0.0, (judgement.time - s.now).total_seconds() + s.pause)
    looked = judgement.step == rollout.step
    if looked and judgement.decision == "breach":
        return End(RolloutState.ROLLED_BACK, judgement.reasons)
    if rollout.state is RolloutState.PROPOSED:
        return Wait(rest, judgement.silent)
    if looked and judgement.decision == "keep":
        return End(RolloutState.KEPT, judgement.reasons)
    last = len(compared(rollout.steps)) - 1
    certain = looked and not judgement.silent and not judgement.mismatch
    if certain and rollout.step == last and judgement.decision == "promote":
        if not lacking(rollout, s.now):
            promoted = End(RolloutState.PROMOTED, judgement.reasons)
            return promoted if terms.automatic else Propose()
    elif certain and rollout.step < last and not lacking(rollout, s.now):
        return Want(rollout.step + 1)
    passed = (s.now - began(rollout)).total_seconds()
    if terms.max_seconds is not None and passed >= terms.max_seconds:
        why = f"The time is up after {passed:.0f} s, and this is not proven:"
        return End(RolloutState.KEPT, (why, *(judgement.reasons or (judgement.silent,))))
    return Wait(rest, judgement.silent)


def lacking(rollout: Rollout, now: datetime) -> str:
    """What a step that is in force still lacks before the next may come; '' for nothing."""
    judgement, terms = judgement_of(rollout), terms_of(rollout)
    if rollout.since is None:
        return "it is not in force yet"
    missing = []
    passed = (now - rollout.since).total_seconds()
    if passed < terms.step_seconds:
        missing.append(f"{passed:.0f} of {terms.step_seconds:g} s have passed")
    if judgement is None or judgement.step != rollout.step:
        return ", ".join([*missing, "nothing was measured yet"])
    missing += [f"{name} looks worse than its margin allows" for name in judgement.doubts]
    least = min(judgement.step_users)
    if least < terms.step_users:
        fewer = ("control", "candidate")[judgement.step_users.index(least)]
        missing.append(f"the {fewer} has {least:,} of {terms.step_users:,} {terms.units}")
    return ", ".join(missing)


def share_now(rollout: Rollout, service: Service | None) -> int:
    """Tenths of a percent that the candidate has."""
    split = at_step(rollout, rollout.step) if service is None else split_of(service)
    return min(BUCKETS, whole(split).get(rollout.candidate, 0))
