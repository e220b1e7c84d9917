"""plan -> render -> check -> write, for every generator.

A run writes each finished unit to a work file at once, and the output from it at the end, in row order: so a killed run
started again with the same command ends with the same bytes, and nothing that was paid for is asked for twice.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import skillscope
from skillscope.errors import ProviderError
from skillscope.synthesis.files import canonical_json, file_sha256, replacing, writing
from skillscope.synthesis.generator import Generator
from skillscope.synthesis.journal import Journal, Outcome, journal_path
from skillscope.synthesis.lock import RunLock
from skillscope.synthesis.manifest import Counts, RunManifest, manifest_path, read_manifest, write_manifest
from skillscope.synthesis.progress import Report, silent
from skillscope.synthesis.providers.base import RowFailedError
from skillscope.synthesis.providers.ledger import RunStoppedError

__all__ = ["RunOptions", "RunResult", "Sink", "fingerprint", "generate", "write_jsonl"]

Row = dict[str, Any]
Sink = Callable[[Iterable[Row], IO[str]], None]
"""Writes the kept rows, which come in order, to a text stream."""

_AGAIN: Final = 20
"""How often a free row is rendered again when a check refuses it, before it is dropped."""
_DEAD_AFTER: Final = 50
"""So many units failed in a row, and not one answered, means that the provider is down."""


@dataclass(frozen=True)
class RunOptions:
    """How a run is done; nothing here changes what it makes."""

    command: str = ""
    concurrency: int | None = None
    """Units rendered at once; by default the client's policy, or 1 where nothing is paid."""
    fresh: bool = False
    """Forget an earlier run of this output, finished or not."""
    retry_failed: bool = False
    """Ask again for the rows that failed."""
    report: Report = silent


@dataclass(frozen=True)
class RunResult:
    """Where the output lies and what its manifest says. `already` means that an earlier run had finished it."""

    output: Path
    manifest: RunManifest
    already: bool = False


def write_jsonl(rows: Iterable[Row], stream: IO[str]) -> None:
    """One JSON object a line."""
    for row in rows:
        stream.write(canonical_json(row) + "\n")


def fingerprint(generator: Generator) -> str:
    """sha256 of all that fixes a run's output."""
    fixed = {
        "generator": generator.name,
        "seed": generator.seed,
        "planned": generator.planned,
        "rows_per_unit": generator.rows_per_unit,
        "settings": generator.settings,
        "versions": generator.versions,
        "source": generator.client.source if generator.client else "template",
    }
    return hashlib.sha256(canonical_json(fixed).encode()).hexdigest()


def generate(
    generator: Generator, output: Path, options: RunOptions | None = None, *, sink: Sink = write_jsonl
) -> RunResult:
    """Makes `output` and its manifest, going on where an earlier run of the same command was cut off.

    Where the budget is used up, the rows that there are get written and the manifest says `stopped`; the same command
    with a higher bound goes on from there.

    Raises:
        ConflictError: another process is writing this output, or an unfinished run had other settings.
        FileError: the folder cannot be written, or the disk is full.
        ProviderError: the provider will answer nothing (key, quota, model, or it is down).
    """
    options = options or RunOptions()
    mark = fingerprint(generator)
    with RunLock(output):
        work = journal_path(output)
        if options.fresh:
            with writing(work):
                work.unlink(missing_ok=True)
                manifest_path(output).unlink(missing_ok=True)
        elif (done := _finished(output, mark, retry_failed=options.retry_failed)) is not None:
            return RunResult(output, done, already=True)
        about = {"generator": generator.name, "seed": generator.seed, **generator.settings}
        with Journal(work, fingerprint=mark, about=about, planned=generator.planned) as journal:
            if options.retry_failed:
                journal.forget_failed()
            stopped = _render_all(generator, journal, options)
            rows = _Rows(generator, journal)
            _replace(output, rows, sink)
            manifest = _manifest(rows, output, command=options.command, mark=mark, stopped=stopped)
            write_manifest(manifest, output)
            if manifest.complete and not manifest.counts.failed:
                journal.remove()
    return RunResult(output, manifest)


def _finished(output: Path, mark: str, *, retry_failed: bool) -> RunManifest | None:
    """The manifest of a whole earlier run of the same command whose output is still as it was."""
    if not (output.is_file() and manifest_path(output).is_file()):
        return None
    manifest = read_manifest(output)
    if manifest.fingerprint != mark or not manifest.complete or (retry_failed and manifest.counts.failed):
        return None
    return manifest if file_sha256(output) == manifest.sha256 else None


def _units(generator: Generator, journal: Journal) -> Iterator[list[int]]:
    for start in range(0, generator.planned, generator.rows_per_unit):
        unit = range(start, min(start + generator.rows_per_unit, generator.planned))
        if rows := [row for row in unit if not journal.has(row)]:
            yield rows


def _render(generator: Generator, rows: list[int]) -> list[Outcome]:
    try:
        return list(generator.render(rows))
    except RowFailedError as error:
        return [Outcome(None, error.reason)] * len(rows)


def _render_all(generator: Generator, journal: Journal, options: RunOptions) -> str | None:
    """Renders what the journal lacks; gives why it ended early, or None."""
    client = generator.client
    workers = options.concurrency or (client.policy.concurrency if client else 1)
    if client is not None:
        client.ledger.spend = journal.spend
        client.ledger.listener = journal.pay
    done = journal.finished
    unanswered = 0

    def take(rows: list[int], outcomes: Sequence[Outcome]) -> None:
        nonlocal done, unanswered
        done += len(rows)
        journal.add(rows, outcomes)
        answered = any(outcome.value is not None for outcome in outcomes)
        unanswered = 0 if answered else unanswered + 1
        cost = client.ledger.spend.cost_usd if client else 0.0
        options.report(done=done, planned=generator.planned, failed=journal.failed, cost=cost)
        if client is not None and unanswered >= _DEAD_AFTER:
            reason = next((outcome.reason for outcome in outcomes), None)
            raise ProviderError(f"{client.source} failed {unanswered} times in a row ({reason}): check the provider")

    units = _units(generator, journal)
    try:
        if workers == 1:
            for rows in units:
                take(rows, _render(generator, rows))
        else:
            _render_many(generator, units, workers, take)
    except RunStoppedError as error:
        return str(error)
    except ProviderError as error:
        kept = f"{journal.finished} of {generator.planned} rows are kept in {journal.path.name}"
        raise ProviderError(f"{error}; {kept}: the same command goes on from there") from error
    return None


def _render_many(
    generator: Generator, units: Iterator[list[int]], workers: int, take: Callable[[list[int], Sequence[Outcome]], None]
) -> None:
    """At most two units a worker wait or run; when the run must stop, those under way are finished and kept."""
    running: dict[Future[list[Outcome]], list[int]] = {}
    stop: BaseException | None = None
    with ThreadPoolExecutor(max_workers=workers) as pool:
        while True:
            while stop is None and len(running) < 2 * workers and (rows := next(units, None)) is not None:
                running[pool.submit(_render, generator, rows)] = rows
            if not running:
                break
            try:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    rows = running.pop(future)
                    if not future.cancelled():
                        take(rows, future.result())
            except BaseException as error:  # a key press too: what was asked for is still taken in
                stop = _worse(stop, error)
                if generator.client is not None:
                    generator.client.gate.stop()
                for future in running:
                    future.cancel()
    if stop is not None:
        raise stop


def _worse(first: BaseException | None, second: BaseException) -> BaseException:
    """Of two reasons to stop, the one to tell: a hard one before one of good order."""
    return second if first is None or isinstance(first, RunStoppedError) else first


class _Rows:
    """The kept rows of a journal, in order, counted on the way."""

    def __init__(self, generator: Generator, journal: Journal) -> None:
        self.generator, self.journal = generator, journal
        self.kept = self.pending = 0
        self.dropped, self.failed = Counter[str](), Counter[str]()
        self._checks = generator.checks()

    def __iter__(self) -> Iterator[Row]:
        for row, outcome in self.journal.rows():
            if outcome is None:
                self.pending += 1
            elif outcome.value is None:
                self.failed[outcome.reason or "no reason given"] += 1
            elif (value := self._pass(row, outcome.value)) is not None:
                self.kept += 1
                yield value

    def _refused(self, row: int, value: Row) -> str | None:
        return next((reason for check in self._checks if (reason := check(row, value))), None)

    def _pass(self, row: int, value: Row) -> Row | None:
        """The value, or another that passes the checks, or None where the row is dropped."""
        if (first := self._refused(row, value)) is None:
            return value
        for attempt in range(1, _AGAIN + 1):
            other = self.generator.again(row, attempt)
            if other is None:
                break
            if self._refused(row, other) is None:
                return other
        self.dropped[first] += 1
        return None


def _replace(output: Path, rows: _Rows, sink: Sink) -> None:
    with writing(output):
        manifest_path(output).unlink(missing_ok=True)  # an old manifest must not vouch for a new output
    with replacing(output) as stream:
        sink(rows, stream)


def _manifest(rows: _Rows, output: Path, *, command: str, mark: str, stopped: str | None) -> RunManifest:
    generator = rows.generator
    return RunManifest(
        command=command,
        generator=generator.name,
        seed=generator.seed,
        settings={"source": generator.client.source if generator.client else "template", **generator.settings},
        versions={"skillscope": skillscope.__version__, **generator.versions},
        counts=Counts(
            planned=generator.planned,
            kept=rows.kept,
            dropped=dict(sorted(rows.dropped.items())),
            failed=dict(sorted(rows.failed.items())),
            pending=rows.pending,
        ),
        spend=generator.client.ledger.spend if generator.client else rows.journal.spend,
        stopped=stopped,
        fingerprint=mark,
        output=output.name,
        sha256=file_sha256(output),
    )
