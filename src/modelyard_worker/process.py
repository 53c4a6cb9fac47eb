"""The life of a worker: guarded start, handshake, import, init(), the loop."""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import signal
import socket
import sys
from typing import Any, Dict, List, NoReturn, Tuple

from modelyard_worker import (
    collecting,
    frames,
    insights,
    logs,
    marks,
    options,
    preload,
    schema,
    script,
    shimming,
)
from modelyard_worker.channel import Channel, Closed
from modelyard_worker.encoding import clean
from modelyard_worker.executor import Executor, Runner
from modelyard_worker.faults import describe
from modelyard_worker.frames import PROTOCOL, Frame, ProtocolError, encode
from modelyard_worker.loop import Loop
from modelyard_worker.packages import main_packages
from modelyard_worker.page import Page
from modelyard_worker.parent import die_with_parent
from modelyard_worker.preload import Born, Nursery

EXIT_FAULT = 3
"""The script could not be imported or initialised; Azure's server exits with it too."""

EXIT_PROTOCOL = 4
"""The front speaks another protocol."""


def main(argv: List[str]) -> int:
    """The exit code of one worker."""
    parser = argparse.ArgumentParser("modelyard_worker")
    parser.add_argument("--fd", type=int, required=True, help="one end of a socketpair")
    parser.add_argument("--page-fd", type=int, required=True, help="the shared page, a memfd")
    parser.add_argument("--preload-fd", type=int, help="where the front asks for forked workers")
    options = parser.parse_args(argv)
    for fd in (options.fd, options.page_fd):
        os.set_inheritable(fd, False)
    sock = socket.socket(fileno=options.fd)
    sock.setblocking(True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is the front's matter
    if not die_with_parent(sock):
        return 0
    logs.configure()
    faulthandler.enable()
    try:
        channel, page = _connect(sock, options.page_fd)
        if options.preload_fd is None:
            return _serve(channel, page)
        return _multiply(channel, Nursery(options.preload_fd))
    except Closed:
        return 0
    except ProtocolError as error:
        logs.LOG.error("The front cannot be understood: %s", error)
        return EXIT_PROTOCOL


def _connect(sock: socket.socket, page_fd: int) -> Tuple[Channel, Page]:
    channel, page = Channel(sock), Page(page_fd)
    # a child that the script forks, and that comes back from run(), must not answer for us
    for leave in (channel.leave, page.leave):
        os.register_at_fork(after_in_child=leave)
    return channel, page


def _serve(channel: Channel, page: Page) -> int:
    front, already = _shake_hands(channel)
    executor = _load(channel, front)
    return _loop(Loop(channel, page, executor), channel, executor, front, already)


def _multiply(channel: Channel, nursery: Nursery) -> int:
    """Load once, then let others be forked that serve; in one of them this ends the process."""
    front, _ = _shake_hands(channel)
    insights.inline()
    executor = _load(channel, front)
    why = preload.obstacle()
    channel.send(encode(Frame(frames.HELLO, head={"ready": True, "obstacle": why})))
    born = None if why else nursery.serve()
    if born is not None:
        _serve_forked(born, executor)
    executor.close()
    return 0


def _serve_forked(born: Born, executor: Runner) -> NoReturn:
    code = 0
    try:
        channel, page = _connect(*born)
        front, already = _shake_hands(channel)
        if die_with_parent(born.sock):  # now, as only now the front is sure to be the parent
            code = _loop(Loop(channel, page, executor), channel, executor, front, already)
    except Closed:
        pass
    except BaseException:
        logs.LOG.error("The worker failed", exc_info=True)
        code = 1
    insights.flush()
    preload.leave(code)


def _shake_hands(channel: Channel) -> Tuple[Dict[str, Any], List[Frame]]:
    """The front's HELLO after ours, and the frames that came with it."""
    channel.send(encode(Frame(frames.HELLO, head=_hello())))
    return _await_hello(channel)


def _load(channel: Channel, front: Dict[str, Any]) -> Runner:
    """The script or the model, ready to run."""
    options.choose(front)
    marks.begin(str(front.get("mark") or ""))
    collecting.prepare(front)
    source = os.getcwd()
    os.environ["MODELYARD_MODELS"] = json.dumps(front.get("models") or [])
    shimming.activate()
    if front.get("predictor"):
        executor = _predictor(channel, front, source)
    else:
        executor = _script(channel, front, source)
    schema.mend()
    logs.step_back()
    return executor


def _script(channel: Channel, front: Dict[str, Any], source: str) -> Runner:
    phase = "import"
    try:
        module = script.load(str(front["entry_script"]), source)
        executor = Executor(script.Script(module), source)
        phase = "init"
        init = getattr(module, "init", None)
        if callable(init):
            executor.finished(init())
    except BaseException as error:
        fault = describe(error, phase, source)
        _give_up(channel, fault, "The entry script" if phase == "import" else "init()")
    return executor


def _predictor(channel: Channel, front: Dict[str, Any], source: str) -> Runner:
    """A model without a script."""
    from modelyard_worker.nocode import starting  # a script need not wait for it

    try:
        return starting.start(front)
    except BaseException as error:
        fault = describe(error, "init", source)
        fault["hint"] = starting.explain(error, front) or fault["hint"]
        _give_up(channel, fault, "Loading the model")


def _loop(
    loop: Loop,
    channel: Channel,
    executor: Runner,
    front: Dict[str, Any],
    already: List[Frame],
) -> int:
    signal.signal(signal.SIGTERM, lambda *_: loop.stop())
    ready = {"ready": True, "packages": main_packages(), **executor.ready(front)}
    channel.send(encode(Frame(frames.HELLO, head=clean(ready))))
    collecting.start()
    loop.serve(already)
    executor.close()
    return 0


def _hello() -> Dict[str, Any]:
    return {"protocol": PROTOCOL, "pid": os.getpid(), "python": "%d.%d.%d" % sys.version_info[:3]}


def _await_hello(channel: Channel) -> Tuple[Dict[str, Any], List[Frame]]:
    """The front's HELLO and the frames that came with it."""
    while True:
        found = channel.receive()
        for at, frame in enumerate(found):
            if frame.type == frames.HELLO:
                return frame.head, found[at + 1 :]


def _give_up(channel: Channel, fault: Dict[str, Any], what: str) -> NoReturn:
    """Tell the front and the log, then end without waiting for the script's threads."""
    logs.LOG.error("%s failed\n%s", what, fault["traceback"])
    if fault["hint"]:
        logs.LOG.error("%s", fault["hint"])
    channel.send(encode(Frame(frames.FAULT, head=fault)))
    insights.flush()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(EXIT_FAULT)
