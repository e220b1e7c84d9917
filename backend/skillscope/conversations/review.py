"""A sample for a person to read, and the verdicts read back."""

import csv
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from skillscope.conversations.model import Conversation, read_conversations
from skillscope.errors import FileError, InputError, SchemaError
from skillscope.synthesis.files import replacing

__all__ = ["ReviewResult", "draw_review", "read_review"]

COLUMNS: Final = ("line", "topic", "patterns", "conversation", "shows_patterns", "comment")
_YES: Final = frozenset({"yes", "y", "1", "true"})
_NO: Final = frozenset({"no", "n", "0", "false"})


@dataclass(frozen=True)
class ReviewResult:
    """What a person found. `share` is None until at least one row has a verdict."""

    reviewed: int
    shown: int
    open: int

    @property
    def share(self) -> float | None:
        """Reviewed conversations that show their patterns."""
        return self.shown / self.reviewed if self.reviewed else None


def _spelled_out(conversation: Conversation) -> str:
    return "\n\n".join(f"{turn.role.upper()}: {turn.content}" for turn in conversation.conversation)


def draw_review(path: Path, output: Path, *, sample: int = 20, seed: int = 42) -> int:
    """Writes a CSV of up to `sample` conversations with an empty `shows_patterns` (yes or no); gives their number.

    Raises:
        InputError: the sample is below 1, or the file holds no conversation.
        FileError: a file cannot be read or written, or the CSV is there already (it may hold verdicts).
    """
    if sample < 1:
        raise InputError("a sample must have at least one conversation", field="sample")
    if output.exists():
        raise FileError(f"{output} exists and may hold verdicts: read it with --read, or choose another name")
    found = [(number, read) for number, read in read_conversations(path) if isinstance(read, Conversation)]
    if not found:
        raise InputError(f"{path} holds no conversation that can be read")
    chosen = sorted(random.Random(seed).sample(range(len(found)), min(sample, len(found))))
    with replacing(output) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for number, conversation in (found[index] for index in chosen):
            patterns = "; ".join(conversation.patterns_applied)
            writer.writerow([number, conversation.topic, patterns, _spelled_out(conversation), "", ""])
    return len(chosen)


def read_review(path: Path) -> ReviewResult:
    """The verdicts in a CSV that `draw_review` wrote.

    Raises:
        FileError: it cannot be read.
        SchemaError: a column is missing, or a verdict is neither yes nor no.
    """
    shown = reviewed = still = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream)
            if not set(COLUMNS[:5]) <= set(rows.fieldnames or ()):
                raise SchemaError(f"{path} is no review: it needs the columns {', '.join(COLUMNS)}")
            for row in rows:
                verdict = (row["shows_patterns"] or "").strip().lower()
                if verdict and verdict not in _YES | _NO:
                    raise SchemaError(f"{path}, line {row['line']}: shows_patterns must be yes or no")
                reviewed += bool(verdict)
                shown += verdict in _YES
                still += not verdict
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} cannot be read as a UTF-8 CSV file") from error
    return ReviewResult(reviewed, shown, still)
