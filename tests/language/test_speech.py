"""Written speech: what the files hold, how they are read, and that a broken line is named."""

import random
import re
from pathlib import Path

import pytest

from skillscope.errors import FileError
from skillscope.language.speech import SPEECH, read_speech, speech_texts


def test_conversations_end_at_empty_lines_and_files(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("A\tno.\n", encoding="utf-8")
    (tmp_path / "a.txt").write_text("C\tlook at that!\nA\twhat is it?\n\n\nK\tI see it, too.\n", encoding="utf-8")
    assert read_speech(tmp_path) == [["look at that!", "what is it?"], ["I see it, too."], ["no."]]


@pytest.mark.parametrize(
    "line", ["look at that.", "B\tlook.", "C\tlook", "C look.", "C\tlook. there.", "C\t.", "C\t?!"]
)
def test_other_lines_are_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "talk.txt").write_text(f"C\tyes.\n{line}\n", encoding="utf-8")
    with pytest.raises(FileError, match=r"talk\.txt, line 2: an utterance is A, C or K"):
        read_speech(tmp_path)


def test_a_folder_without_conversations_is_named(tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_text("\n", encoding="utf-8")
    with pytest.raises(FileError, match="holds no conversations"):
        read_speech(tmp_path)


def test_texts_hold_every_utterance_once_and_in_order() -> None:
    conversations = [[f"say {number}." for number in range(20)], ["oh."]]
    texts = speech_texts(conversations, random.Random(0))
    assert texts[-1] == "Oh."
    assert re.findall(r"Say (\d+)\.", " ".join(texts)) == [str(number) for number in range(20)]
    assert all(1 <= text.count(".") <= 6 for text in texts)
    assert len({text.count(".") for text in texts}) > 1


def test_what_ships_is_what_its_readme_says() -> None:
    conversations = read_speech(SPEECH)
    told = (SPEECH / "README.md").read_text(encoding="utf-8")
    assert f"{len(conversations):,} conversations and texts, {sum(map(len, conversations)):,} utterances" in told
    assert set(re.findall(r"`(\w+)`", told)) >= {path.stem for path in SPEECH.glob("*.txt")}
