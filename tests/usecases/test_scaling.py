"""Services whose workers come and go: what their fronts are told, and how they look."""

from modelyard.domain.fronts import ASLEEP, FrontState
from modelyard.wire.contents import ServingOptions
from modelyard.wire.services import ServiceChange
from tests.usecases.yard import Yard

SLEEPY = ServingOptions(
    workers=2,
    max_workers=6,
    target_utilization=0.5,
    refresh=2.0,
    idle_timeout=60.0,
    cold_start_timeout=30.0,
    concurrency=4,
)


def test_a_front_is_told_how_to_scale(yard: Yard) -> None:
    yard.deploy(content=yard.content(serving=SLEEPY))
    yard.settle()

    spec = yard.target.specs[yard.revisions()[1].id]

    assert (spec.workers, spec.max_workers, spec.concurrency) == (2, 6, 4)
    assert (spec.target_utilization, spec.refresh) == (0.5, 2.0)
    assert (spec.idle_timeout, spec.cold_start_timeout) == (60.0, 30.0)


def test_a_service_that_sleeps_is_healthy_and_says_so(yard: Yard) -> None:
    yard.deploy(content=yard.content(serving=SLEEPY))
    yard.settle()
    revision = yard.revisions()[1].id

    yard.target.say(
        revision, FrontState.READY, ready_workers=0, workers=0, asleep=True, notes=(ASLEEP,)
    )
    yard.settle()

    assert (yard.view().state, yard.view().step) == ("Healthy", "")
    assert ASLEEP in yard.view().notes
    assert yard.states() == {1: "ready"}


def test_a_service_that_cannot_wake_up_is_unhealthy_and_says_why(yard: Yard) -> None:
    yard.deploy(content=yard.content(serving=SLEEPY))
    yard.settle()
    revision = yard.revisions()[1].id
    why = {"type": "ValueError", "message": "no model today"}

    yard.target.say(revision, FrontState.UNHEALTHY, ready_workers=0, asleep=True, error=why)

    assert yard.view().state == "Unhealthy"
    assert yard.view().step == "init() failed after a sleep; a request tries it again"
    assert yard.view().error == why


def test_one_that_sleeps_is_replaced_stopped_and_started_as_any_other(yard: Yard) -> None:
    yard.deploy(content=yard.content(serving=SLEEPY))
    yard.settle()
    yard.target.say(yard.revisions()[1].id, FrontState.READY, ready_workers=0, asleep=True)

    yard.cases.services.update("ws", "salary", ServiceChange(reload=True))
    yard.settle()
    yard.target.say(yard.revisions()[2].id, FrontState.READY, ready_workers=0, asleep=True)
    assert yard.states() == {1: "stopped", 2: "ready"}
    yard.cases.services.update("ws", "salary", ServiceChange(enabled=False))
    yard.settle()
    assert yard.view().state == "Stopped"
    yard.cases.services.update("ws", "salary", ServiceChange(enabled=True))
    yard.settle()

    assert yard.view().state == "Healthy"


def test_requests_that_wait_for_a_start_are_waited_for(yard: Yard) -> None:
    yard.deploy(content=yard.content(serving=SLEEPY))
    yard.settle()
    old = yard.revisions()[1].id
    yard.target.say(old, FrontState.DRAINING, in_flight=1)
    yard.cases.services.update("ws", "salary", ServiceChange(reload=True))
    yard.step_until(lambda: yard.states()[1] == "draining")
    yard.reconciler.step()
    serving = yard.revisions()[1].content.serving

    yard.clock.advance(serving.scoring_timeout + serving.queue_wait + 10)
    yard.reconciler.step()
    assert yard.states()[1] == "draining"
    yard.clock.advance(serving.cold_start_timeout)
    yard.reconciler.step()

    assert yard.states()[1] == "stopped"
