"""What one text costs: the served model (CTranslate2, int8) beside Hugging Face generate on the same weights.

    python benchmarks/lm_speed.py [--model models/lm/tiny] [--texts 100]

Prompts are held-out ones, one at a time, drawn as they are served, on one thread. The first column is the median
of processor time, the second its 95th percentile. `answer` is all of serving: draw, fill, verify, and draw again where
need be.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from skillscope.lm.network import load_weights, quiet
from skillscope.lm.tokenizer import encode_prompt, load_tokenizer
from skillscope.lm.writer import TEMPERATURE, Writer
from skillscope.tutoring.answerer import answer
from skillscope.tutoring.pairs.prompts import Prompt
from skillscope.tutoring.writing.compose import compose
from skillscope.tutoring.writing.holdout import HeldOut, of_set, read_holdout

PROJECT = Path(__file__).parents[1]


class _Served:
    """The bundle as an answerer."""

    name = "small-model"

    def __init__(self, writer: Writer) -> None:
        self.writer = writer

    def write(self, prompt: Prompt, attempt: int) -> str | None:
        return compose(self.writer, [prompt])[0]


def timed(call: Callable[[HeldOut], object], items: list[HeldOut]) -> tuple[float, float]:
    """Median and 95th percentile of processor milliseconds."""
    for item in items[:5]:
        call(item)
    spent = []
    for item in items:
        before = time.process_time()
        call(item)
        spent.append(1000 * (time.process_time() - before))
    return statistics.median(spent), statistics.quantiles(spent, n=20)[18]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=PROJECT / "models" / "lm" / "tiny")
    parser.add_argument("--texts", type=int, default=100)
    given = parser.parse_args()
    torch.set_num_threads(1)
    items = read_holdout(PROJECT / "models" / "lm" / "holdout.jsonl.gz", at_most=given.texts)
    writer = Writer(given.model, seed=0)
    served = _Served(writer)
    network = load_weights(given.model / "weights").eval()
    tokenizer = load_tokenizer(given.model / "tokenizer.json")

    def hugging_face(item: HeldOut) -> object:
        ids = torch.tensor([encode_prompt(tokenizer, item.request.prompt.delex)])
        with torch.inference_mode(), quiet():
            return network.generate(ids, do_sample=True, top_k=20, temperature=TEMPERATURE, max_new_tokens=200)

    print("| set | engine | median, ms | 95th percentile, ms |\n|---|---|---|---|")
    for name in ("feedback", "explanation", "plan"):
        chosen = of_set(items, name)
        rows = (
            ("CTranslate2 int8", lambda item: writer.write(item.request.prompt.delex, given=item.request.prompt.slots)),
            ("answer: draw, fill, verify", lambda item: answer(item.request, (served,))),
            ("Hugging Face generate, fp32", hugging_face),
        )
        for engine, call in rows:
            middle, high = timed(call, chosen)
            print(f"| {name} | {engine} | {middle:.1f} | {high:.1f} |", flush=True)


if __name__ == "__main__":
    main()
