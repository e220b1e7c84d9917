"""Fine-tuning formats, each checked against the rules that its maker publishes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from skillscope.conversations.model import Conversation, read_conversations
from skillscope.errors import InputError, SchemaError
from skillscope.synthesis.engine import write_jsonl
from skillscope.synthesis.files import replacing

__all__ = ["FORMATS", "Format", "convert_conversations", "validate_record"]

Record = dict[str, Any]
CHARACTERS_A_TOKEN: Final = 3
"""Fewer than the usual four, so that a length bound in tokens errs on the safe side."""


@dataclass(frozen=True)
class Format:
    """How a record is made, and the rules it must keep."""

    make: Callable[[Conversation, str], Record]
    problems: Callable[[Record], Iterable[str]]
    fewest: int
    most: int | None
    rules: str


def _messages(conversation: Conversation) -> list[dict[str, str]]:
    return [{"role": turn.role, "content": turn.content} for turn in conversation.conversation]


def _chat(conversation: Conversation, system: str) -> Record:
    return {"messages": [{"role": "system", "content": system}, *_messages(conversation)]}


def _chat_problems(record: Record) -> Iterable[str]:
    """OpenAI, "Supervised fine-tuning", and the cookbook's checks of chat data; TRL reads the same form."""
    if set(record) != {"messages"} or not isinstance(record["messages"], list) or not record["messages"]:
        yield "a line holds `messages`, a list, and nothing else"
        return
    for message in record["messages"]:
        if set(message) != {"role", "content"}:
            yield "a message holds `role` and `content`"
        elif message["role"] not in ("system", "user", "assistant"):
            yield "a role is system, user or assistant"
        elif not isinstance(message["content"], str) or not message["content"].strip():
            yield "content is text and not empty"
    roles = [message.get("role") for message in record["messages"]]
    if "system" in roles[1:]:
        yield "the system message comes first"
    turns = roles[1:] if roles[0] == "system" else roles
    yield from _turn_problems(turns, "assistant")
    if sum(len(str(m.get("content"))) for m in record["messages"]) > 65_536 * CHARACTERS_A_TOKEN:
        yield "an example has at most 65,536 tokens"


def _turn_problems(roles: list[Any], answering: str) -> Iterable[str]:
    if not roles or roles[0] != "user":
        yield "the first turn is the user's"
    if not roles or roles[-1] != answering:
        yield f"the last turn is the {answering}'s"
    if any(one == other for one, other in pairwise(roles)):
        yield "turns alternate"


def _anthropic(conversation: Conversation, system: str) -> Record:
    return {"system": system, "messages": _messages(conversation)}


def _anthropic_problems(record: Record) -> Iterable[str]:
    """Amazon Bedrock, "Prepare data for fine-tuning text-to-text models", the messages format of Claude 3 Haiku."""
    if set(record) - {"system"} != {"messages"} or not isinstance(record["messages"], list):
        yield "a line holds `system`, which may be left out, and `messages`"
        return
    if not isinstance(record.get("system", ""), str):
        yield "system is text"
    for message in record["messages"]:
        if set(message) != {"role", "content"} or message["role"] not in ("user", "assistant"):
            yield "a message holds `role`, user or assistant, and `content`"
        elif not isinstance(message["content"], str) or not message["content"].strip():
            yield "content is text and not empty"
    yield from _turn_problems([message.get("role") for message in record["messages"]], "assistant")
    if len(str(record)) > 32_000 * CHARACTERS_A_TOKEN:
        yield "an example has at most 32,000 tokens"


def _gemini(conversation: Conversation, system: str) -> Record:
    return {
        "systemInstruction": {"role": "system", "parts": [{"text": system}]},
        "contents": [
            {"role": "model" if turn.role == "assistant" else "user", "parts": [{"text": turn.content}]}
            for turn in conversation.conversation
        ],
    }


def _gemini_problems(record: Record) -> Iterable[str]:
    """Google Cloud, "Prepare supervised fine-tuning data for Gemini models"."""
    if set(record) - {"systemInstruction"} != {"contents"} or not isinstance(record["contents"], list):
        yield "a line holds `systemInstruction`, which may be left out, and `contents`"
        return
    for content in [*record["contents"], *([record["systemInstruction"]] if "systemInstruction" in record else [])]:
        parts = content.get("parts")
        if not isinstance(parts, list) or not parts or not all(str(part.get("text", "")).strip() for part in parts):
            yield "every content has parts with text"
    roles = [content.get("role") for content in record["contents"]]
    if not set(roles) <= {"user", "model"}:
        yield "a role is user or model"
    yield from _turn_problems(roles, "model")
    if len(str(record)) > 131_072 * CHARACTERS_A_TOKEN:
        yield "an example has at most 131,072 tokens"


FORMATS: Final[dict[str, Format]] = {
    "openai": Format(_chat, _chat_problems, 10, None, "chat completions fine-tuning: ten examples or more"),
    "anthropic": Format(_anthropic, _anthropic_problems, 32, 10_000, "Claude on Amazon Bedrock: 32 to 10,000 examples"),
    "gemini": Format(_gemini, _gemini_problems, 1, 1_000_000, "Gemini on Vertex AI"),
    "hf": Format(_chat, _chat_problems, 1, None, "TRL's conversational language modelling form"),
}


def _known(name: str) -> Format:
    if name not in FORMATS:
        raise InputError(f"format {name!r} is not known: choose {', '.join(FORMATS)}", field="format")
    return FORMATS[name]


def validate_record(record: Record, name: str) -> list[str]:
    """Which rules of a format a record breaks.

    Raises:
        InputError: the format is not known.
    """
    return list(_known(name).problems(record))


def convert_conversations(path: Path, output: Path, name: str, *, system: str) -> int:
    """Writes every conversation in a format, validated; gives their number.

    Raises:
        InputError: the format is not known, the system prompt is empty, or there are too few or too many examples.
        SchemaError: a line cannot be read or breaks a rule of the format.
        FileError: a file cannot be read or written.
    """
    form = _known(name)
    if not system.strip():
        raise InputError("a system prompt is needed", field="system")
    records = []
    for number, read in read_conversations(path):
        if isinstance(read, str):
            raise SchemaError(f"{path}, line {number}: {read}")
        record = form.make(read, system.strip())
        if problems := list(form.problems(record)):
            raise SchemaError(f"{path}, line {number} does not fit the {name} format: {problems[0]}")
        records.append(record)
    if len(records) < form.fewest or (form.most is not None and len(records) > form.most):
        raise InputError(f"{path} has {len(records)} conversations, and the {name} format is for {form.rules}")
    with replacing(output) as stream:
        write_jsonl(records, stream)
    return len(records)
