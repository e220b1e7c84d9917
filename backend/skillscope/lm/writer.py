"""The model at work: CTranslate2 in int8 on one thread, a prompt in, a delexicalised text out.

Nothing but CTranslate2 and tokenizers is needed (the extra `lm-serve`). The model never sees a student's text: what it
is given is delexicalised by code, and an input outside its scope is declined.
"""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

from skillscope.errors import BundleError, ConfigurationError
from skillscope.lm.bundle import LmRecord, read_record, read_scope
from skillscope.lm.tokenizer import BEGIN, END, SEPARATE, load_tokenizer

__all__ = ["TEMPERATURE", "Writer"]

_LONGEST: Final = 200
"""Tokens of an output at most; the longest training output has 149."""
_TOP: Final = 20
TEMPERATURE: Final = 0.4
"""Of the draws; chosen on fresh prompts of keys that are trained on. Higher ones break more texts, lower ones vary
less."""
_ADDED: Final = 4
_OUTER: Final = re.compile(r" ?⟨(?!r[0-9]+[⟩:])([a-z][a-z0-9_]*)(?::[a-z][0-9]?)?⟩")
"""A token that stands for a slot from outside; r1, r2, … are what a text computes itself."""

Given = Collection[str]
"""The names of the slots that can be filled."""


class Writer:
    """A loaded bundle. Safe to use from many threads; one text is written at a time."""

    def __init__(self, folder: Path, *, seed: int | None = None, threads: int = 1) -> None:
        """Load a bundle. With a seed, the same calls in the same order give the same texts.

        Raises:
            BundleError: there is none, or it is broken.
            ConfigurationError: the extra `lm-serve` is not installed.
        """
        try:
            import ctranslate2
            import tokenizers  # noqa: F401  # load_tokenizer needs it
        except ImportError as error:
            raise ConfigurationError(
                f"the small language model needs the extra `lm-serve` ({error.name} is not installed): `make install`"
            ) from error
        self.folder = folder
        self.record: LmRecord = read_record(folder)
        self.scope = read_scope(folder)
        self._tokenizer = load_tokenizer(folder / "tokenizer.json")
        self._slots = [
            (match.group(1), token) for token in self._tokenizer.get_vocab() if (match := _OUTER.fullmatch(token))
        ]
        if seed is not None:
            ctranslate2.set_random_seed(seed)
        try:
            self._generator = ctranslate2.Generator(
                str(folder), device="cpu", compute_type="int8", inter_threads=1, intra_threads=threads
            )
        except (RuntimeError, ValueError) as error:
            raise BundleError(f"{folder} cannot be served: {error}") from error

    def in_scope(self, prompt: str) -> bool:
        """Whether the model was trained on inputs of such words."""
        return prompt in self.scope

    def write(self, prompt: str, *, sampled: bool = True, given: Given | None = None) -> str | None:
        """A delexicalised text, drawn at a low temperature or, where not `sampled`, the likeliest.

        Where the slots that are `given` are known, no other is written. None where the prompt is out of scope, or the
        text found no end.
        """
        return self.write_many([prompt], sampled=sampled, given=None if given is None else [given])[0]

    def write_many(
        self, prompts: Sequence[str], *, sampled: bool = True, given: Sequence[Given] | None = None
    ) -> list[str | None]:
        """A text for each prompt; see `write`."""
        wanted = [index for index, prompt in enumerate(prompts) if self.in_scope(prompt)]
        texts: list[str | None] = [None] * len(prompts)
        if wanted:
            known = None if given is None else [given[at] for at in wanted]
            made = self._generate([prompts[at] for at in wanted], sampled=sampled, given=known)
            for index, text in zip(wanted, made, strict=True):
                texts[index] = text
        return texts

    def write_unasked(self, prompts: Sequence[str], *, sampled: bool = True) -> list[str | None]:
        """As `write_many`, whatever the scope says: for measuring what the scope is worth."""
        return self._generate(prompts, sampled=sampled)

    def go_on(self, pairs: Sequence[tuple[str, str]], *, given: Sequence[Given] | None = None) -> list[str | None]:
        """Each text with what the model adds to it, at least a few words; None where that found no end."""
        starts = [[*self._tokens(prompt), *self._tokenizer.encode(text).tokens] for prompt, text in pairs]
        added = self._grouped(starts, given, sampled=True, least=_ADDED)
        return [
            None if more is None else f"{text} {more.strip()}" for (_, text), more in zip(pairs, added, strict=True)
        ]

    def _tokens(self, prompt: str) -> list[str]:
        return [BEGIN, *self._tokenizer.encode(prompt, add_special_tokens=False).tokens, SEPARATE]

    def _generate(
        self, prompts: Sequence[str], *, sampled: bool, given: Sequence[Given] | None = None
    ) -> list[str | None]:
        return self._grouped([self._tokens(prompt) for prompt in prompts], given, sampled=sampled)

    def _grouped(
        self, starts: Sequence[list[str]], given: Sequence[Given] | None, *, sampled: bool, least: int = 0
    ) -> list[str | None]:
        """As `_drawn`; starts with the same slots go together."""
        if given is None:
            return self._drawn(starts, (), sampled=sampled, least=least)
        groups: dict[tuple[str, ...], list[int]] = {}
        for index, names in enumerate(given):
            ruled_out = tuple(token for name, token in self._slots if name not in names)
            groups.setdefault(ruled_out, []).append(index)
        texts: list[str | None] = [None] * len(starts)
        for ruled_out, rows in groups.items():
            drawn = self._drawn([starts[index] for index in rows], ruled_out, sampled=sampled, least=least)
            for index, text in zip(rows, drawn, strict=True):
                texts[index] = text
        return texts

    def _drawn(
        self, starts: Sequence[list[str]], ruled_out: Sequence[str], *, sampled: bool, least: int = 0
    ) -> list[str | None]:
        """What the model writes after each start, `least` tokens or more, without the tokens that are ruled out."""
        texts: list[str | None] = [None] * len(starts)
        fits = {index: tokens for index, tokens in enumerate(starts) if len(tokens) + least < self.record.context}
        if not fits:
            return texts
        drawn: dict[str, Any] = {"sampling_topk": _TOP, "sampling_temperature": TEMPERATURE} if sampled else {}
        results = self._generator.generate_batch(
            list(fits.values()),
            max_batch_size=64,
            max_length=min(_LONGEST, self.record.context - max(map(len, fits.values()))),
            min_length=least,
            end_token=END,
            include_prompt_in_result=False,
            return_end_token=True,
            suppress_sequences=[[token] for token in ruled_out] or None,
            **drawn,
        )
        end = self._tokenizer.token_to_id(END)
        for index, result in zip(fits, results, strict=True):
            ids = result.sequences_ids[0]
            if ids and ids[-1] == end:
                texts[index] = self._tokenizer.decode(ids[:-1], skip_special_tokens=False).strip()
        return texts

    def log_likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """The log-likelihood in nats of each target given its prompt, the end included."""
        rows = []
        for prompt, target in pairs:
            tokens = self._tokenizer.encode(target, add_special_tokens=False).tokens
            rows.append(([*self._tokens(prompt)], [*tokens, END]))
        fits = [start + rest for start, rest in rows]
        scored = self._generator.score_batch(fits, max_batch_size=64)
        return [float(sum(result.log_probs[len(start) - 1 :])) for result, (start, _) in zip(scored, rows, strict=True)]

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, its end included."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids) + 1
