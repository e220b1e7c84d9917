"""How many requests a token may make: the generic cell rate algorithm, its state shared by all workers of a machine.

A token has a moment (the theoretical arrival time of its next request when it keeps the rate exactly); a request moves
it on by 60/rate seconds and is refused when it lies more than a minute ahead. So a token may make a minute's requests
at once and then one every 60/rate seconds. The moments stand in a small file that the workers map into memory; it holds
hashes of token ids and moments, and is as good empty.
"""

import fcntl
import hashlib
import mmap
import os
import struct
import threading
import time
from pathlib import Path
from typing import Final

from skillscope.errors import FileError

__all__ = ["RateLimiter"]

_WINDOW: Final = 60.0
_SLOT: Final = struct.Struct("<Qd")
_SETS: Final = 2048
_WAYS: Final = 8
_SIZE: Final = _SETS * _WAYS * _SLOT.size


class RateLimiter:
    """Takes requests of tokens; safe to use from many threads and processes."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.ftruncate(self._file, _SIZE)
            self._slots = mmap.mmap(self._file, _SIZE)
        except OSError as error:
            raise FileError(f"the file of rate limits {path} cannot be used: {error.strerror}") from error
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of the file."""
        self._slots.close()
        os.close(self._file)

    def take(self, name: str, per_minute: int, *, now: float | None = None) -> float:
        """Count a request of a token; 0 where it may pass, otherwise seconds until one may. `per_minute` 0: no bound.

        `now` is the machine's monotonic clock, which all processes share and nobody sets.
        """
        if per_minute == 0:
            return 0.0
        moment = time.monotonic() if now is None else now
        digest = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little") or 1
        interval = _WINDOW / per_minute
        with self._lock:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                place, due = self._find(digest, moment)
                if due - moment > _WINDOW - interval + 1e-9:
                    return due - moment - (_WINDOW - interval)
                _SLOT.pack_into(self._slots, place, digest, due + interval)
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        return 0.0

    def _find(self, digest: int, now: float) -> tuple[int, float]:
        """Where a token stands, and its moment; a token that is new takes the place that has been idle longest."""
        first = digest % _SETS * _WAYS * _SLOT.size
        places = range(first, first + _WAYS * _SLOT.size, _SLOT.size)
        found = [(_SLOT.unpack_from(self._slots, place), place) for place in places]
        for (name, due), place in found:
            if name == digest:
                return place, (max(due, now) if due <= now + _WINDOW else now)  # beyond: of before the last boot
        return min(found, key=lambda item: item[0][1])[1], now
