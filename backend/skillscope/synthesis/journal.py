"""The append-only work file of a run: every finished unit and every cent, on disk as soon as made."""

import json
import os
import threading
import time
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple

from skillscope.errors import ConflictError, FileError
from skillscope.synthesis.files import canonical_json, writing
from skillscope.synthesis.manifest import Spend

__all__ = ["Journal", "Outcome", "journal_path"]

_SYNC_EVERY: Final = 64
_SYNC_SECONDS: Final = 1.0


class Outcome(NamedTuple):
    """What a renderer made of one row: a value, or the reason why there is none."""

    value: dict[str, Any] | None
    reason: str | None = None


def journal_path(output: Path) -> Path:
    """Where the work file of an output lies (it does not end in `.jsonl`, so `cat *.jsonl` never picks it up)."""
    return output.with_name(f"{output.name}.work")


class Journal:
    """A JSONL file: a header, then one line for each finished unit and each payment.

    A line is written by one call and reaches the operating system at once, so SIGKILL loses nothing that was finished;
    it reaches the disk in batches. A line torn by a kill or a full disk is cut off when the file is opened again.
    """

    def __init__(self, path: Path, *, fingerprint: str, about: dict[str, Any], planned: int) -> None:
        """Opens or creates.

        Raises:
            ConflictError: the file belongs to a run with other settings.
            FileError: it cannot be written or is not a work file.
        """
        self.path = path
        self.spend = Spend()
        self._offsets = array("q", [-1]) * planned
        self._failed: set[int] = set()
        self._end = 0
        self._lock = threading.Lock()
        self._unsynced, self._synced_at = 0, time.monotonic()
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._end = self._load(fingerprint)
            if self._end == 0:
                self._append({"kind": "header", "fingerprint": fingerprint, "about": about})
        except BaseException:
            os.close(self._descriptor)
            raise

    def _load(self, fingerprint: str) -> int:
        """Reads what an earlier run left; gives the offset behind the last whole line."""
        end = 0
        with self.path.open("rb") as stream:
            for number, line in enumerate(stream):
                entry = self._parse(line)
                if entry is None:
                    if number == 0 and line.endswith(b"\n"):
                        self._check_header({}, fingerprint)
                    break
                if number == 0:
                    self._check_header(entry, fingerprint)
                elif entry.get("kind") == "unit":
                    self._index(entry["rows"], end)
                elif entry.get("kind") == "spend":
                    self.spend = self.spend.plus(Spend.model_validate(entry["spend"]))
                end += len(line)
        with writing(self.path):
            os.ftruncate(self._descriptor, end)
        return end

    def _index(self, rows: list[list[Any]], offset: int) -> None:
        for row, value, _reason in rows:
            self._offsets[row] = offset
            (self._failed.discard if value is not None else self._failed.add)(row)

    @staticmethod
    def _parse(line: bytes) -> dict[str, Any] | None:
        if not line.endswith(b"\n"):
            return None
        try:
            entry = json.loads(line)
        except ValueError:
            return None
        return entry if isinstance(entry, dict) else None

    def _check_header(self, entry: dict[str, Any], fingerprint: str) -> None:
        if entry.get("kind") != "header":
            raise FileError(f"{self.path} is not a work file: move it away, or choose another output")
        if entry.get("fingerprint") != fingerprint:
            raise ConflictError(
                f"{self.path} holds an unfinished run with other settings ({canonical_json(entry['about'])}): "
                "finish it with its own command, start afresh with --fresh, or choose another output"
            )

    def _append(self, entry: dict[str, Any]) -> int:
        data = canonical_json(entry).encode() + b"\n"
        with self._lock, writing(self.path):
            start = self._end
            try:
                written = 0
                while written < len(data):
                    written += os.pwrite(self._descriptor, data[written:], start + written)
            except OSError:
                os.ftruncate(self._descriptor, start)
                raise
            self._end = start + len(data)
            self._unsynced += 1
            now = time.monotonic()
            if self._unsynced >= _SYNC_EVERY or now - self._synced_at >= _SYNC_SECONDS:
                os.fsync(self._descriptor)
                self._unsynced, self._synced_at = 0, now
        return start

    def add(self, rows: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        """Writes what became of rows."""
        entries = [[row, outcome.value, outcome.reason] for row, outcome in zip(rows, outcomes, strict=True)]
        self._index(entries, self._append({"kind": "unit", "rows": entries}))

    def pay(self, spend: Spend) -> None:
        """Writes a payment (safe from any thread)."""
        self._append({"kind": "spend", "spend": spend.model_dump()})

    def has(self, row: int) -> bool:
        """Whether a row is finished."""
        return self._offsets[row] >= 0

    def forget_failed(self) -> None:
        """Makes the failed rows count as not asked for."""
        for row in self._failed:
            self._offsets[row] = -1
        self._failed.clear()

    @property
    def finished(self) -> int:
        """Rows finished, failed ones included."""
        return sum(1 for offset in self._offsets if offset >= 0)

    @property
    def failed(self) -> int:
        """Rows failed."""
        return len(self._failed)

    def rows(self) -> Iterator[tuple[int, Outcome | None]]:
        """Every planned row in order with its outcome, None where it was not asked for."""
        cached_offset, cached_rows = -1, dict[int, Outcome]()
        with self.path.open("rb") as stream:
            for row, offset in enumerate(self._offsets):
                if offset < 0:
                    yield row, None
                    continue
                if offset != cached_offset:
                    stream.seek(offset)
                    entry = json.loads(stream.readline())
                    cached_rows = {number: Outcome(value, reason) for number, value, reason in entry["rows"]}
                    cached_offset = offset
                yield row, cached_rows[row]

    def remove(self) -> None:
        """Deletes the file: the output holds everything."""
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)
