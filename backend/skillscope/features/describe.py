"""The feature reference as Markdown, written from the schema."""

from skillscope.features.schema import FEATURES, SCHEMA_VERSION, Feature

__all__ = ["feature_reference"]

_EDGES = """\
## Words, sentences, hits

A word is a token with a letter or a digit: punctuation, symbols, emoji and white space are none. A text without a
word has counts of 0; everything else is undefined. A hit is an entry of a word list
(`skillscope/features/lexicons/*.txt`); it does not count where it is negated ("I didn't care") or only supposed ("if
I cared", "would have helped"), and entries marked `!` count only where they are negated ("never gave up"). The longest
entry decides for those inside it: "didn't understand how I felt" is no "felt", "lost my temper" no "temper". Misspelt
words match through a spelling list; the text itself is left alone. What the lists find of what pupils say, and how
much of it means something else, is in [lexicon-accuracy.md](lexicon-accuracy.md).

Sentences are the parser's where some mark ends one. In a text without such a mark they are counted by expectation: a
network says how probable a boundary is at each gap between two tokens, so that a run-on that is as likely one
sentence as two counts as one and a half. A text has the same features whatever the batch, its order, the number of
processes and the kind of processor. How near the features come to gold annotation is in
[feature-accuracy.md](feature-accuracy.md), how fast they are in [feature-speed.md](feature-speed.md).

## Sessions

Events are put in order by time, then event_id; of events with one event_id the first counts. A session lasts from its
first event to its last. A task is known by its first event of any type. The time taken runs from the first start to
the first completion; a task without start, expected time or time taken has no ratio. A recovery is a completion after
the first failure. Overlapping distractions are counted once, one that never ended lasts as long as the session, an
end without a start changes nothing, a distraction of no length splits no stretch, and a session distracted throughout
has a focus of 0. A session of one event has no session time, so what is measured against time is undefined.

## A student

The last 20 responses and 10 sessions within 90 days are pooled: features marked `by_words` as means weighted by
words, those marked `mean` as plain means, both over the rows where the feature is defined; `computed` features from
the pooled ones.
"""


def _range(item: Feature) -> str:
    if item.low is None and item.high is None:
        return "any"
    low = "" if item.low is None else f"{item.low:g}"
    return f"{low} to {item.high:g}" if item.high is not None else f"{low} or more"


def feature_reference() -> str:
    """The Markdown page `docs/features.md`."""
    lines = [
        "# The 29 features",
        "",
        f"Schema version {SCHEMA_VERSION}. Written by `skillscope features reference` from the schema in the code.",
        "",
        "| # | feature | family | unit | range | undefined | pooled | formula | source |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for number, item in enumerate(FEATURES, start=1):
        undefined = "possible" if item.nullable else "never"
        cells = [
            str(number),
            f"`{item.name}`",
            item.family,
            item.unit,
            _range(item),
            undefined,
            f"`{item.pooled}`",
            item.formula,
            item.source,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n\n" + _EDGES
