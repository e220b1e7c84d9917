"""Workers end when what supervises them is gone, however it went.

A supervisor that is told to stop stops its workers. One that is killed (SIGKILL, or for want of memory) cannot: its
workers would go on answering on its socket, with nobody to start them anew or to stop them, and keep the next one from
the port.
"""

import logging
import os
import select
import signal
import threading
import time
from typing import Final

from skillscope.service.logs import SERVICE

__all__ = ["GRACE", "end_with", "wait_for_end"]

GRACE: Final = 30.0
"""Seconds in which requests in flight may finish."""

_LOOK_EVERY: Final = 1.0

_log = logging.getLogger(SERVICE)


def wait_for_end(parent: int) -> None:
    """Wait until this process's parent, of that id, is gone. At once where the system tells, else within a second."""
    try:
        handle = os.pidfd_open(parent)
    except (AttributeError, OSError):  # the system knows no such handle, or the parent is gone already
        while os.getppid() == parent:
            time.sleep(_LOOK_EVERY)
        return
    try:
        if os.getppid() == parent:  # otherwise it went before, and the handle may be of somebody else
            ended = select.poll()
            ended.register(handle, select.POLLIN)
            ended.poll()
    finally:
        os.close(handle)


def end_with(parent: int, *, grace: float = GRACE) -> threading.Thread:
    """End this process when its parent is gone: as if told to stop, and for good after `grace` seconds."""

    def watch() -> None:
        wait_for_end(parent)
        _log.error("what supervised this worker is gone: the worker ends too")
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace)
        os._exit(1)

    watcher = threading.Thread(target=watch, name="skillscope-orphan", daemon=True)
    watcher.start()
    return watcher
