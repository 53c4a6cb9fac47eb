from datetime import timedelta

import pytest

from modelyard.testing.clock import FakeClock


def test_a_fake_clock_goes_when_it_is_told_to() -> None:
    clock = FakeClock()
    now, ticks = clock.now(), clock.monotonic()

    assert (clock.now(), clock.monotonic()) == (now, ticks)
    clock.advance(1.5)

    assert clock.now() == now + timedelta(seconds=1.5)
    assert clock.monotonic() == ticks + 1.5
    assert clock.now().utcoffset() == timedelta(0)


def test_a_fake_clock_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="does not go back"):
        FakeClock().advance(-1)
