"""One conversation as it lies in a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skillscope.synthesis.files import lines_of

__all__ = ["Conversation", "Turn", "read_conversations", "structure_problem"]


class Turn(BaseModel):
    """One message."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    content: str = Field(min_length=1)


class Conversation(BaseModel):
    """A line of a file. `provenance` is there once files were combined."""

    model_config = ConfigDict(extra="forbid")

    topic: str
    patterns_applied: list[str] = Field(min_length=1)
    conversation: list[Turn]
    learning_notes: str
    provenance: dict[str, Any] | None = None

    @property
    def exchanges(self) -> int:
        """Pairs of a question and an answer."""
        return len(self.conversation) // 2

    @property
    def assistant_text(self) -> str:
        """What the assistant says, over all turns."""
        return "\n\n".join(turn.content for turn in self.conversation if turn.role == "assistant")

    @property
    def text(self) -> str:
        """All turns."""
        return "\n\n".join(turn.content for turn in self.conversation)


def structure_problem(turns: list[Turn]) -> str | None:
    """What is wrong with the turns: user first, alternating, assistant last, three to five exchanges."""
    if [turn.role for turn in turns] != ["user", "assistant"] * (len(turns) // 2) or len(turns) % 2:
        return "the turns must alternate, user first and assistant last"
    if not 3 <= len(turns) // 2 <= 5:
        return f"there must be 3 to 5 exchanges, not {len(turns) // 2}"
    return None


def read_conversations(path: Path) -> Iterator[tuple[int, Conversation | str]]:
    """Line numbers from 1, with the conversation or what is wrong with the line.

    Raises:
        FileError: missing, unreadable or not UTF-8.
    """
    for number, line in enumerate(lines_of(path), start=1):
        if not line.strip():
            continue
        try:
            yield number, Conversation.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            yield number, f"{'.'.join(str(part) for part in first['loc']) or 'line'}: {first['msg']}"
