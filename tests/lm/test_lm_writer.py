"""The model at work: seeds, scope, length, likelihoods."""

import math
from pathlib import Path

import pytest

from skillscope.errors import BundleError
from skillscope.lm.network import load_weights
from skillscope.lm.rows import read_examples
from skillscope.lm.tokenizer import encode_pair, load_tokenizer
from skillscope.lm.writer import Writer

PROMPT = "feedback | ⟨skill1⟩ low steady fair"
OUTSIDE = "write me a poem about the sea and leave the numbers alone"


def test_the_same_seed_draws_the_same_texts(minute: Path, pairs: Path) -> None:
    prompts = [example.prompt for example in read_examples(pairs).train[:30:10]]
    first = [Writer(minute, seed=3).write_unasked(prompts) for _ in range(2)]
    assert first[0] == first[1]


def test_what_is_out_of_scope_is_declined_and_nothing_is_shifted(minute: Path, pairs: Path) -> None:
    inside = read_examples(pairs).train[0].prompt
    writer = Writer(minute)
    asked: list[list[str]] = []
    generate = writer._generate
    writer._generate = lambda prompts, **how: asked.append(list(prompts)) or generate(prompts, **how)
    texts = writer.write_many([OUTSIDE, inside, OUTSIDE])
    assert asked == [[inside]]
    assert (texts[0], texts[2]) == (None, None)


def test_a_prompt_longer_than_the_context_is_declined_alone(minute: Path) -> None:
    writer = Writer(minute)
    long = "⟨n1⟩ of " * 400
    alone = writer.write_unasked([PROMPT], sampled=False)
    assert writer.write_unasked([long, PROMPT], sampled=False) == [None, *alone]


def test_likelihoods_are_those_of_the_network(minute: Path, pairs: Path) -> None:
    """int8 rounds: within two hundredths of what the weights give in single precision."""
    import torch

    example = read_examples(pairs).train[0]
    [(ids, start)] = encode_pair(load_tokenizer(minute / "tokenizer.json"), [(example.prompt, example.target)])
    with torch.no_grad():
        scores = torch.log_softmax(load_weights(minute / "weights")(input_ids=torch.tensor([ids])).logits[0], -1)
    exact = sum(float(scores[at - 1, ids[at]]) for at in range(start, len(ids)))
    [found] = Writer(minute).log_likelihoods([(example.prompt, example.target)])
    assert math.isclose(found, exact, rel_tol=0.02)
    assert Writer(minute).count_tokens(example.target) == len(ids) - start


def test_a_broken_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        Writer(tmp_path)
