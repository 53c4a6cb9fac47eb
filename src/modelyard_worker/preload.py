"""
A worker that loads the model once and forks the others, which share its memory (WORKER_PRELOAD).

This template serves nothing itself. Over a socket of packets the front sends it, for each worker,
a number with three file descriptors: the worker's end of its socketpair, its page and its output.
The template forks twice, and the one between ends at once, so that the worker becomes a child of
the front, which adopts what loses its parent: to the front it is as if it had started it. The
answer is the worker's process id.
"""

from __future__ import annotations

import array
import gc
import json
import os
import signal
import socket
import sys
import threading
import time
import warnings
from contextlib import suppress
from typing import Any, Dict, List, NamedTuple, NoReturn, Optional, Tuple

_FDS = 3
_PATIENCE = 0.5
"""Seconds in which threads that end before a fork must be gone."""

_DEVICES = ("/dev/nvidia", "/dev/kfd", "/dev/dri/")


class Born(NamedTuple):
    """What a forked worker was given: its end of the socketpair and its page."""

    sock: socket.socket
    page_fd: int


class Nursery:
    """The template's end of the socket over which the front asks for workers."""

    def __init__(self, fd: int) -> None:
        os.set_inheritable(fd, False)
        self._sock = socket.socket(fileno=fd)
        self._sock.setblocking(True)

    def serve(self) -> Optional[Born]:
        """
        Fork whenever the front asks; None when it asks no more. In a forked worker this returns
        too, with what is the worker's.
        """
        gc.collect()
        gc.freeze()  # a collection in a worker would write to, and so copy, all that is shared
        while True:
            message, fds = self._receive()
            if not message:
                return None
            try:
                pid = _fork() if len(fds) == _FDS else -1
                if pid == 0:
                    return self._begin(fds)
                self._answer(message, {"pid": pid} if pid > 0 else {"error": "no worker came"})
            except OSError as error:
                self._answer(message, {"error": str(error)})
            for fd in fds:
                os.close(fd)

    def _receive(self) -> Tuple[bytes, List[int]]:
        fds = array.array("i")
        space = socket.CMSG_SPACE(_FDS * fds.itemsize)
        flags = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
        try:
            message, ancillary, _, _ = self._sock.recvmsg(4096, space, flags)
        except ConnectionError:
            return b"", []
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
        return message, list(fds)

    def _answer(self, message: bytes, said: Dict[str, Any]) -> None:
        with suppress(ConnectionError):  # the front is gone, which the next read tells
            self._sock.sendall(json.dumps({"id": json.loads(message)["id"], **said}).encode())

    def _begin(self, fds: List[int]) -> Born:
        """In the worker: leave the template's session, sockets and output."""
        os.setsid()
        self._sock.close()
        sock_fd, page_fd, output = fds
        for standard in (1, 2):
            os.dup2(output, standard)
        os.close(output)
        sock = socket.socket(fileno=sock_fd)
        sock.setblocking(True)
        return Born(sock, page_fd)


def leave(code: int) -> NoReturn:
    """
    The end of a forked worker: what init() asked to be done at exit is for the template to do,
    once and when all is over.
    """
    _flush()
    os._exit(code)


def obstacle() -> str:
    """
    Why this process must not be forked, now that the model is loaded; '' when it may be.

    Threads do not live on in a forked child, and what they held stays locked for ever; graphics
    cards and event loops cannot be shared. Libraries that end their threads before a fork and
    start them again when needed (OpenBLAS does) are no obstacle, so one fork is tried.
    """
    others = [t.name for t in threading.enumerate() if t is not threading.current_thread()]
    if others:
        return "init() left threads running: %s" % ", ".join(sorted(others)[:3])
    held = _held()
    if held:
        return held
    if not _tried():
        return "a forked process did not come to its end"
    count = _threads()
    if count > 1:
        return (
            "libraries that init() used have %d threads of their own; the variable "
            "OMP_NUM_THREADS=1 keeps most from starting any" % (count - 1)
        )
    return ""


def _held() -> str:
    """What is open and cannot be shared."""
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink("/proc/self/fd/" + name)
        except OSError:
            continue
        if target.startswith(_DEVICES):
            return "init() uses a graphics card (%s is open)" % target
        if target == "anon_inode:[eventpoll]":
            return "init() left an event loop open, as one that is async does"
    return ""


def _tried() -> bool:
    """Whether a child that does nothing ends soon."""
    pid = _quiet_fork()
    if pid == 0:
        os._exit(0)
    deadline = time.monotonic() + 10
    with suppress(ChildProcessError):  # the script has its children's ends ignored
        while os.waitpid(pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return False
            time.sleep(0.001)
    return True


def _threads() -> int:
    """How many there are, ours included, when those that are about to end have done so."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        count = len(os.listdir("/proc/self/task"))
        if count == 1 or time.monotonic() > deadline:
            return count
        time.sleep(0.005)


def _fork() -> int:
    """The worker's process id, 0 in the worker itself, -1 when none came. Raises OSError."""
    _flush()
    reader, writer = os.pipe()
    try:
        between = _quiet_fork()
        if between == 0:
            try:
                pid = _quiet_fork()
                if pid:
                    os.write(writer, b"%d" % pid)
            except BaseException:
                os._exit(1)
            if pid:
                os._exit(0)
            return 0
        with suppress(ChildProcessError):
            os.waitpid(between, 0)
        os.set_blocking(reader, False)
        try:
            return int(os.read(reader, 32))
        except BlockingIOError:
            return -1
    finally:
        os.close(reader)
        os.close(writer)


def _quiet_fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of 3.12 on, where there are threads
        return os.fork()


def _flush() -> None:
    """What is buffered would be written by each child."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).fflush(None)
