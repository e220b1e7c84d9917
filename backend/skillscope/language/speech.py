"""Written speech: conversations of children that a language model wrote for this project (`data/speech/`).

They show what transcripts of children look like, where transcripts that may be learnt from are rare: where one
utterance ends and the next begins. Nobody said them.
"""

import random
import re
from pathlib import Path
from typing import Final

from skillscope.errors import FileError
from skillscope.settings import PROJECT_ROOT

__all__ = ["SPEECH", "read_speech", "speech_texts"]

SPEECH: Final = PROJECT_ROOT / "data" / "speech"
"""Where the conversations ship."""

MOST_TOGETHER: Final = 6
_LINE: Final = re.compile(r"[ACK]\t[^\s.?!][^\t.?!]*[.?!]")


def read_speech(folder: Path) -> list[list[str]]:
    """Every conversation of the files `*.txt` in this folder, in the order of their names: its utterances, each with
    the mark that ends it.

    A line is `A` (adult), `C` or `K` (children), a tab and an utterance; an empty line ends a conversation.

    Raises:
        FileError: the folder holds no conversations, or a line is none of these.
    """
    conversations: list[list[str]] = [[]]
    for path in sorted(folder.glob("*.txt")):
        conversations.append([])
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(f"{path} cannot be read: {error}") from error
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                conversations.append([])
            elif _LINE.fullmatch(line):
                conversations[-1].append(line[2:])
            else:
                raise FileError(f"{path}, line {number}: an utterance is A, C or K, a tab, words and one of . ? !")
    if found := [conversation for conversation in conversations if conversation]:
        return found
    raise FileError(f"{folder} holds no conversations; they ship in data/speech")


def speech_texts(conversations: list[list[str]], rng: random.Random) -> list[str]:
    """Texts of one to six utterances that follow one another, each with a capital at its beginning."""
    texts = []
    for conversation in conversations:
        lines = [f"{line[0].upper()}{line[1:]}" for line in conversation]
        while lines:
            size = rng.randint(1, MOST_TOGETHER)
            texts.append(" ".join(lines[:size]))
            lines = lines[size:]
    return texts
