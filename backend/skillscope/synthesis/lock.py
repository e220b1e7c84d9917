"""One run an output: an advisory lock that dies with its holder."""

import fcntl
import os
from pathlib import Path
from types import TracebackType

from skillscope.errors import ConflictError
from skillscope.synthesis.files import writing

__all__ = ["RunLock"]


class RunLock:
    """Holds `<output>.lock` for the time of a run.

    The kernel drops the lock when its holder dies, so a stale file is taken over without guessing whether a pid is
    alive; the pid in the file is there to be named in the refusal.
    """

    def __init__(self, output: Path) -> None:
        self.path = output.with_name(f"{output.name}.lock")
        self._output = output
        self._descriptor: int | None = None

    def __enter__(self) -> "RunLock":
        """Takes the lock.

        Raises:
            ConflictError: another run holds it; the message names its pid.
            FileError: the folder cannot be written.
        """
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            while self._descriptor is None:
                self._descriptor = self._take()
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        return self

    def _take(self) -> int | None:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise ConflictError(
                f"{self._output} is being written by the process with pid {holder}: "
                "wait until it ends, or choose another output"
            ) from error
        try:  # the last holder may have removed the file between our open and our lock: then it is another file
            same = os.fstat(descriptor).st_ino == self.path.stat().st_ino
        except FileNotFoundError:
            same = False
        if same:
            return descriptor
        os.close(descriptor)
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None
