"""Speed of the features, as ratios on one machine in one run: `python benchmarks/features_speed.py`.

All 16 linguistic features against (a) bare `nlp.pipe` of the same pipeline with straightforward features, (b)
`nlp(text)` one at a time, (c) TextDescriptives over the same pipeline where it is installed (`pip install
textdescriptives`), its metrics read out of every text, since it computes them when they are asked for; then in two
processes; then 1,000,000 events. CPU time and one BLAS thread, processes by the wall clock; texts of about 56 words.
Run it on a machine with nothing else to do: ratios move by a tenth when it is shared. `--output` writes the page
docs/feature-speed.md and leaves its section on memory as it is (`features_memory.py`).
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("POLARS_MAX_THREADS", "1")

import argparse
import platform
import random
import sys
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
from nltk.sentiment.vader import SentimentIntensityAnalyzer, VaderConstants
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import NumpyOps, set_current_ops

from skillscope.events import EventType
from skillscope.features import extract_linguistic, extract_telemetry
from skillscope.features.lexicon import load_lexicons
from skillscope.features.syllables import count_syllables
from skillscope.language.ops import OpenBlasOps
from skillscope.language.vectors import open_pipeline
from skillscope.settings import get_settings

SENTENCES = (
    "I saw that my friend was sad so I sat with her at lunch.",
    "We tried three ways to build the bridge and the last one worked!",
    "When it broke I got mad, but I took a deep breath and started over.",
    "He didn't want to share the ball because he was angry.",
    "First I made a plan and then I checked every step.",
    "i kept going becuase i knew i could do it",
    "My teacher said that mistakes help us learn new things.",
    "They were laughing at the new kid and I told them to stop.",
    "It was hard to focus with all the noise in the room.",
    "She never gave up even though she lost the first two games.",
)
MEMORY = "## Memory"
OURS = "ours, one core"
PIPE = "`nlp.pipe` and straightforward features"
ALONE = "`nlp(text)` one at a time and straightforward features"
DESCRIPTIVES = "TextDescriptives, four components"
NAMES = ("Mia", "Leo", "Zoe", "Sam", "Ana", "Ben", "Ivy", "Max", "Lea", "Tom")


def make_texts(count: int) -> list[str]:
    """Texts of four sentences, about 48 words, no two with the same names in the same places."""
    rng = random.Random(0)
    return [
        " ".join(f"{s[:-1]} {rng.choice(NAMES)} {rng.choice(NAMES)}." for s in rng.sample(SENTENCES, 4))
        for _ in range(count)
    ]


def plain_vader() -> SentimentIntensityAnalyzer:
    """NLTK's analyser as it is."""
    analyser = SentimentIntensityAnalyzer.__new__(SentimentIntensityAnalyzer)
    analyser.lexicon_file = (
        files("vaderSentiment").joinpath("vader_lexicon.txt").read_text(encoding="utf-8").rstrip("\n")
    )
    analyser.lexicon = analyser.make_lex_dict()
    analyser.constants = VaderConstants()
    return analyser


def straightforward(doc: Doc, vader: SentimentIntensityAnalyzer, single: dict[str, set[str]]) -> list[float]:
    """The 16 features the way one writes them first: loops over tokens, NLTK's own VADER, no multi-word entries, no
    negation."""
    words = [t for t in doc if any(c.isalnum() for c in t.text)]
    shares = [sum(t.lemma_ in lemmas for t in words) / len(words) for lemmas in single.values()]
    scores = vader.polarity_scores(doc.text)
    sentences = list(doc.sents)
    depths = [max(len(list(t.ancestors)) for t in sentence) for sentence in sentences]
    syllables = sum(count_syllables(t.text) for t in words)
    grade = 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59
    tags = [t.pos_ for t in words]
    counts = [tags.count("NOUN") + tags.count("PROPN"), tags.count("VERB"), tags.count("ADJ"), tags.count("ADV")]
    unique = len({t.lemma_ for t in words})
    return [
        *shares,
        scores["pos"],
        scores["neg"],
        len(words) / len(sentences),
        float(np.mean(depths)),
        len(words),
        unique,
        grade,
        *counts,
    ]


def rate(work: Callable[[], object], texts: int, *, wall: bool = False) -> float:
    """Texts a second, the best of two runs."""
    clock = time.perf_counter if wall else time.process_time
    best = float("inf")
    for _ in range(2):
        start = clock()
        work()
        best = min(best, clock() - start)
    return texts / best


def descriptives(pipeline: Language) -> Callable[[list[str]], object] | None:
    """What takes all metrics of TextDescriptives' four components out of texts, or None where it is not installed."""
    try:
        import textdescriptives  # type: ignore[import-not-found]  # only where one compares with it
    except ImportError:
        return None
    if "attribute_ruler" not in pipeline.pipe_names:
        pipeline.add_pipe("attribute_ruler")
    for name in ("descriptive_stats", "readability", "dependency_distance", "pos_proportions"):
        pipeline.add_pipe(f"textdescriptives/{name}")

    def measure(texts: list[str]) -> object:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"\[W036\]")  # it wants the attribute ruler, which has no rules
            warnings.filterwarnings("ignore", category=RuntimeWarning)  # its deviations over one sentence
            return [textdescriptives.extract_dict(doc) for doc in pipeline.pipe(texts, batch_size=128)]

    return measure


def language_rates(texts: list[str]) -> dict[str, float]:
    """Texts a second of each way."""
    single: dict[str, set[str]] = {}
    for entry in load_lexicons().entries:
        if entry.lexicon != "self_regulation":
            single.setdefault(entry.lexicon, set()).update(entry.pattern if len(entry.pattern) == 1 else ())
    vader = plain_vader()
    extract_linguistic(texts[:64])
    rates = {OURS: rate(lambda: extract_linguistic(texts), len(texts))}
    set_current_ops(NumpyOps())
    bare = open_pipeline(get_settings().language_model)
    few = texts[: len(texts) // 3]
    rates[PIPE] = rate(
        lambda: [straightforward(doc, vader, single) for doc in bare.pipe(texts, batch_size=128)], len(texts)
    )
    rates[ALONE] = rate(lambda: [straightforward(bare(text), vader, single) for text in few], len(few))
    described = descriptives(bare)
    if described is not None:
        rates[DESCRIPTIVES] = rate(lambda: described(few), len(few))
    set_current_ops(OpenBlasOps())
    return rates


def process_rates(texts: list[str]) -> tuple[float, float]:
    """Texts a second by the wall clock in one process and in two, start-up of the second included."""
    one = rate(lambda: extract_linguistic(texts), len(texts), wall=True)
    return one, rate(lambda: extract_linguistic(texts, processes=2), len(texts), wall=True)


def event_seconds(count: int) -> float:
    """CPU seconds for the features of `count` random events in sessions of 40."""
    rng = np.random.default_rng(0)
    session = rng.integers(0, count // 40, count)
    kinds = np.array([kind.value for kind in EventType])
    frame = pl.DataFrame(
        {
            "event_id": [f"e{number}" for number in range(count)],
            "student_id": [f"row-{number}" for number in session],
            "session_id": [f"row-{number}-0" for number in session],
            "type": kinds[rng.integers(0, len(kinds), count)],
            "at": pl.Series(rng.integers(0, 3_600_000_000, count) + 1_700_000_000_000_000).cast(
                pl.Datetime("us", "UTC")
            ),
            "task_id": [f"t{number}" for number in rng.integers(0, 5, count)],
            "expected_seconds": rng.uniform(10, 100, count),
        }
    )
    start = time.process_time()
    extract_telemetry(frame)
    return time.process_time() - start


def machine() -> str:
    """The processor and the versions that speed hangs on."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if sys.platform == "linux" else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, spaCy {version('spacy')}"
    # spaCy imports torch where it finds it, which makes a second process start 1.3 s later.
    versions += ", with torch" if find_spec("torch") else ", without torch"
    return f"{model}, {os.cpu_count()} cores, {versions}"


def report(options: argparse.Namespace) -> str:
    """The page as Markdown."""
    texts = make_texts(options.texts)
    words = sum(len(text.split()) for text in texts) / len(texts)
    rates = language_rates(texts)
    seconds = event_seconds(options.events)
    ours = rates[OURS]
    processes = "Two processes were not measured, which takes a machine with nothing else to do."
    if options.process_texts:
        processes = (
            f"Processes by the wall clock over {options.process_texts:,} texts, the start of the second included."
        )
    lines = [
        "# Speed of the features",
        "",
        f"Written by `python benchmarks/features_speed.py` on {datetime.now(UTC).date().isoformat()}: {machine()}.",
        f"{len(texts):,} texts of {words:.0f} words, one core, CPU time, one BLAS thread. Load of the machine while",
        f"it ran (1 is this benchmark alone): {os.getloadavg()[1]:.1f}. {processes}",
        "",
        "| way | texts/s | ours is | asked |",
        "|---|---|---|---|",
        f"| {OURS} | {ours:.0f} | | 1,000 is the aim |",
    ]
    for name, asked in ((PIPE, "1.6x"), (ALONE, "2.5x"), (DESCRIPTIVES, "2.5x")):
        found = f"{rates[name]:.0f} | {ours / rates[name]:.2f}x" if name in rates else "not installed |"
        lines.append(f"| {name} | {found} | {asked} |")
    if options.process_texts:
        one, two = process_rates((texts * -(-options.process_texts // len(texts)))[: options.process_texts])
        lines += [
            f"| ours in one process, wall clock | {one:.0f} | | |",
            f"| ours in two processes, wall clock | {two:.0f} | {two / one:.2f}x one process | 1.8x |",
            f"| the same against {ALONE} | | {two / rates[ALONE]:.2f}x | 5x |",
        ]
    lines += [
        "",
        f"{options.events:,} telemetry events to features: {seconds:.2f} s of CPU (asked: 20 s).",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=3000)
    parser.add_argument("--process-texts", type=int, default=40_000, help="0 leaves the second process out")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    page = report(options)
    print(page, end="")
    if options.output is not None:
        kept = options.output.read_text(encoding="utf-8") if options.output.is_file() else ""
        memory = kept.partition(MEMORY)
        options.output.write_text(page + "".join(("\n", *memory[1:]) if memory[1] else ()), encoding="utf-8")


if __name__ == "__main__":
    main()
