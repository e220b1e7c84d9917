"""Train the language pipeline from Universal Dependencies treebanks.

The recipe: tok2vec of width 96 and depth 4 over hashed forms and word vectors, a morphologizer reduced to UPOS and a
transition-based parser (`pipeline.cfg`), trained on EWT and ESLSpok with degraded copies and on the tags of other texts
that a teacher labelled, Adam at 0.002 with linear warm-up and decay, batches growing from 300 to 1,200 words, and the
running average of the weights kept.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from spacy.language import Language
from spacy.training import Example
from spacy.util import load_config, load_model_from_config
from spacy.vectors import Vectors
from thinc.api import Adam, fix_random_seed, set_current_ops, warmup_linear

from skillscope.language.corpus import training_examples
from skillscope.language.ops import OpenBlasOps
from skillscope.language.treebank import Sentence

__all__ = ["CONFIG_PATH", "train_pipeline"]

CONFIG_PATH = Path(__file__).with_name("pipeline.cfg")
LEARNING_RATE = 0.002
WARM_UP_STEPS = 300
DROPOUT = 0.15
WORDS_FIRST_BATCH = 300
WORDS_LAST_BATCH = 1200


def train_pipeline(
    sentences: list[Sentence],
    vectors: Vectors,
    *,
    labelled: Sequence[Sentence] = (),
    steps: int,
    seed: int = 0,
    report: Callable[[int, Language, dict[str, float]], None] | None = None,
    report_every: int = 600,
) -> Language:
    """Train on `sentences`, and on the tags of texts that a teacher `labelled`, for `steps` optimiser steps and return
    the pipeline with averaged weights.

    `report(step, nlp, losses)` is called every `report_every` steps with the averaged weights in place.
    The same texts, vectors, steps and seed give the same weights on the same machine.
    """
    set_current_ops(OpenBlasOps())
    fix_random_seed(seed)
    nlp = load_model_from_config(load_config(CONFIG_PATH), auto_fill=True)
    nlp.vocab.vectors = vectors
    nlp.initialize(lambda: list(training_examples(nlp, sentences, labelled, seed, 0)))
    optimizer = Adam(
        learn_rate=LEARNING_RATE,
        L2=0.01,
        grad_clip=1.0,
        use_averages=True,
        L2_is_weight_decay=True,
    )
    schedule = iter(warmup_linear(LEARNING_RATE, WARM_UP_STEPS, steps))
    batches = _batches(nlp, sentences, labelled, seed)
    losses: dict[str, float] = {}
    for step in range(1, steps + 1):
        optimizer.learn_rate = next(schedule)
        nlp.update(next(batches), sgd=optimizer, drop=DROPOUT, losses=losses)
        if report is not None and (step % report_every == 0 or step == steps):
            with nlp.use_params(optimizer.averages):
                report(step, nlp, dict(losses))
            losses.clear()
    with nlp.use_params(optimizer.averages):
        return _frozen(nlp)


def _frozen(nlp: Language) -> Language:
    """A copy that holds the weights in place now, so that they outlast `use_params`."""
    copy = load_model_from_config(nlp.config, auto_fill=True)
    copy.from_bytes(nlp.to_bytes())
    copy.vocab.vectors = nlp.vocab.vectors  # their bytes do not say by what tokens find them
    return copy


def _batches(
    nlp: Language, sentences: list[Sentence], labelled: Sequence[Sentence], seed: int
) -> Iterator[list[Example]]:
    epoch, limit = 0, float(WORDS_FIRST_BATCH)
    batch: list[Example] = []
    words = 0
    while True:
        for item in training_examples(nlp, sentences, labelled, seed, epoch):
            if batch and words + len(item.reference) > limit:
                yield batch
                batch, words = [], 0
                limit = min(limit * 1.001, WORDS_LAST_BATCH)
            batch.append(item)
            words += len(item.reference)
        epoch += 1
