"""Whether a file of conversations is fit for fine-tuning: figures, and go or no-go."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from skillscope.conversations.library import LIBRARIES, Pattern, load_library
from skillscope.conversations.model import Conversation, read_conversations, structure_problem
from skillscope.conversations.review import ReviewResult
from skillscope.synthesis.filters import NearDuplicates, words_of

__all__ = ["CheckReport", "Criterion", "check_conversations", "distinct_n", "known_patterns"]

Verdict = Literal["go", "no-go", "insufficient evidence"]


@dataclass(frozen=True)
class Criterion:
    """A figure, its bound and whether it holds; None where it was not measured."""

    name: str
    value: float | None
    bound: str
    passed: bool | None


@dataclass
class CheckReport:
    """What was found in one file."""

    lines: int = 0
    parsed: int = 0
    usable: int = 0
    exchanges: Counter[int] = field(default_factory=Counter)
    patterns: Counter[str] = field(default_factory=Counter)
    detected: Counter[str] = field(default_factory=Counter)
    all_patterns_detected: int = 0
    distinct_1: float = 0.0
    distinct_2: float = 0.0
    near_duplicates: int = 0
    problems: list[str] = field(default_factory=list)
    criteria: list[Criterion] = field(default_factory=list)

    @property
    def balance(self) -> float | None:
        """Uses of the commonest pattern over those of the rarest of all in the library."""
        if not self.patterns:
            return None
        rarest = min(self.patterns.values())
        return max(self.patterns.values()) / rarest if rarest else float("inf")

    @property
    def verdict(self) -> Verdict:
        """No-go if anything failed, go if everything passed."""
        if any(criterion.passed is False for criterion in self.criteria):
            return "no-go"
        return "insufficient evidence" if any(c.passed is None for c in self.criteria) else "go"


def known_patterns() -> dict[str, Pattern]:
    """The patterns of all libraries by name."""
    return {pattern.name: pattern for name in LIBRARIES for pattern in load_library(name).patterns}


def distinct_n(texts: list[str], n: int) -> float:
    """Different runs of n words over all such runs of all texts together (Li et al. 2016); 0 where there are none."""
    runs = [tuple(words[i : i + n]) for words in map(words_of, texts) for i in range(len(words) - n + 1)]
    return len(set(runs)) / len(runs) if runs else 0.0


def check_conversations(
    path: Path, *, wanted: int = 100, fewest: int = 80, review: ReviewResult | None = None
) -> CheckReport:
    """Reads a file and measures it. `review` holds a person's verdicts on a sample, where there are any.

    Raises:
        FileError: the file cannot be read.
    """
    report, known, good = CheckReport(), known_patterns(), list[Conversation]()
    near = NearDuplicates()
    for number, read in read_conversations(path):
        report.lines += 1
        if isinstance(read, str):
            report.problems.append(f"line {number}: {read}")
            continue
        report.parsed += 1
        report.exchanges[read.exchanges] += 1
        problem = structure_problem(read.conversation)
        if problem is None and (strange := [name for name in read.patterns_applied if name not in known]):
            problem = f"pattern {strange[0]!r} is in no library"
        shown = [name for name in read.patterns_applied if name in known and known[name].shown(read.assistant_text)]
        report.patterns.update(read.patterns_applied)
        report.detected.update(shown)
        if problem is None and near.seen(read.text):
            report.near_duplicates += 1
            problem = "nearly the same as an earlier line"
        if problem is not None:
            report.problems.append(f"line {number}: {problem}")
            continue
        good.append(read)
        report.all_patterns_detected += len(shown) == len(read.patterns_applied)
    for name in _library_of(report.patterns):
        report.patterns.setdefault(name, 0)
    report.usable = len(good)
    texts = [conversation.assistant_text for conversation in good]
    report.distinct_1, report.distinct_2 = distinct_n(texts, 1), distinct_n(texts, 2)
    report.criteria = _criteria(report, wanted, fewest, review)
    return report


def _library_of(used: Counter[str]) -> list[str]:
    """The names of the library whose patterns are used, so that one never used counts as rarest."""
    for name in LIBRARIES:
        names = [pattern.name for pattern in load_library(name).patterns]
        if used and all(pattern in names for pattern in used):
            return names
    return []


def _criteria(report: CheckReport, wanted: int, fewest: int, review: ReviewResult | None) -> list[Criterion]:
    balance = report.balance
    lengths = sum(count for number, count in report.exchanges.items() if 3 <= number <= 5)
    shown = report.all_patterns_detected / report.usable if report.usable else 0.0
    reviewed = review.share if review else None
    return [
        Criterion("conversations", report.lines, f">= {wanted}", report.lines >= wanted),
        Criterion("usable conversations", report.usable, f">= {fewest}", report.usable >= fewest),
        Criterion("lines that parse", report.parsed, f"all of {report.lines}", report.parsed == report.lines > 0),
        Criterion("with 3 to 5 exchanges", lengths, f"all of {report.parsed}", lengths == report.parsed > 0),
        Criterion("commonest over rarest pattern", balance, "< 2", balance is not None and balance < 2),
        Criterion("all patterns detected, share", shown, ">= 0.90", shown >= 0.9),
        Criterion(
            "reviewed as showing them, share", reviewed, ">= 0.90", None if reviewed is None else reviewed >= 0.9
        ),
    ]
