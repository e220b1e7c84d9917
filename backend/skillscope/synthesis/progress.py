"""How a run tells what it does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

__all__ = ["Report", "rich_report", "silent"]


class Report(Protocol):
    """Called with the state of a run whenever it changes."""

    def __call__(self, *, done: int, planned: int, failed: int, cost: float | None) -> None:
        """Rows done and planned, failed rows among the done ones, and US dollars (None: unknown)."""
        ...


def silent(*, done: int, planned: int, failed: int, cost: float | None) -> None:
    """Says nothing."""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0.0:.1f} rows/s")


@contextmanager
def rich_report(what: str, console: Console | None = None) -> Iterator[Report]:
    """A progress line on stderr: rows, rate, time left, cost and failures."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[cost]}"),
        TextColumn("{task.fields[failed]} failed"),
    )
    with Progress(*columns, console=console or Console(stderr=True)) as progress:
        task = progress.add_task(what, total=None, cost="$0.0000", failed=0)

        def report(*, done: int, planned: int, failed: int, cost: float | None) -> None:
            spent = "cost unknown" if cost is None else f"${cost:.4f}"
            progress.update(task, completed=done, total=planned, failed=failed, cost=spent)

        yield report
