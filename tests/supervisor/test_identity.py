import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from modelyard.supervisor import identity
from tests.supervisor.yard import SLEEPER
from tests.waiting import wait_until


def test_a_process_knows_itself() -> None:
    assert identity.current() == identity.of(os.getpid())
    assert identity.alive(identity.current())


def test_another_process_of_the_same_pid_is_not_the_same() -> None:
    me = identity.current()

    assert not identity.alive(replace(me, start_time=me.start_time - 1))
    assert not identity.alive(replace(me, boot_id="before"))


def test_a_zombie_is_not_alive() -> None:
    with subprocess.Popen([sys.executable, "-S", "-c", SLEEPER]) as child:
        found = identity.of(child.pid)
        assert found is not None
        child.kill()

        wait_until(lambda: not identity.alive(found))

        assert child.returncode is None  # nobody has reaped it yet
        with pytest.raises(ProcessLookupError):
            identity.watch(found)
        assert not identity.send(found, signal.SIGTERM)


def test_a_signal_reaches_the_very_process_only() -> None:
    with subprocess.Popen([sys.executable, "-S", "-c", SLEEPER]) as child:
        found = identity.of(child.pid)
        assert found is not None

        missed = identity.send(replace(found, start_time=1), signal.SIGKILL)
        reached = identity.send(found, signal.SIGTERM)

    assert (missed, reached) == (False, True)
    assert child.returncode == -signal.SIGTERM
