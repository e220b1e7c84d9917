"""Slots are tokens, any text comes back, equal texts give equal tokenizers."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillscope.errors import BundleError, InputError
from skillscope.lm.rows import read_examples, texts_of
from skillscope.lm.tokenizer import encode_pair, encode_prompt, load_tokenizer, train_tokenizer

TEXTS = ["⟨n1⟩ of ⟨n2⟩ is ⟨r1=n1/n2⟩, said ⟨thing:c⟩."] * 4 + ["about ⟨n1⟩ words"] * 2
TOKENIZER = train_tokenizer(TEXTS, 400)


def test_a_slot_with_and_without_its_space_is_one_token() -> None:
    assert TOKENIZER.encode("⟨n1⟩ of ⟨n2⟩").tokens[0] == "⟨n1⟩"
    assert TOKENIZER.encode("of ⟨n2⟩").tokens[-1] == " ⟨n2⟩"
    assert " ⟨thing:c⟩" in TOKENIZER.encode("said ⟨thing:c⟩.").tokens


def test_a_calculation_never_seen_is_spelled_out() -> None:
    text = "so ⟨r7=(n9-r3)*12⟩!"
    ids = TOKENIZER.encode(text).ids
    assert len(ids) > 5
    assert TOKENIZER.decode(ids, skip_special_tokens=False) == text


@given(st.text(max_size=60))
def test_any_text_comes_back(text: str) -> None:
    ids = TOKENIZER.encode(text, add_special_tokens=False).ids
    assert TOKENIZER.decode(ids, skip_special_tokens=False) == text


def test_every_pair_comes_back(minute: Path, pairs: Path) -> None:
    tokenizer = load_tokenizer(minute / "tokenizer.json")
    for text in texts_of(read_examples(pairs).reserved):
        assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text


def test_marks_stand_where_they_should() -> None:
    [(ids, start)] = encode_pair(TOKENIZER, [("about ⟨n1⟩", "words")])
    assert ids[:start] == encode_prompt(TOKENIZER, "about ⟨n1⟩")
    assert (ids[0], ids[start - 1], ids[-1]) == (1, 3, 2)


def test_equal_texts_give_equal_tokenizers() -> None:
    assert train_tokenizer(TEXTS, 400).to_str() == TOKENIZER.to_str()


def test_a_vocabulary_without_room_is_refused() -> None:
    with pytest.raises(InputError, match="too small"):
        train_tokenizer(TEXTS, 200)


def test_a_file_that_is_no_tokenizer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(BundleError, match="no tokenizer"):
        load_tokenizer(path)
