"""Several files of conversations in one, each once, with where it came from."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skillscope.conversations.model import Conversation, read_conversations, structure_problem
from skillscope.errors import InputError
from skillscope.synthesis.engine import write_jsonl
from skillscope.synthesis.files import file_sha256, replacing
from skillscope.synthesis.filters import NearDuplicates
from skillscope.synthesis.manifest import manifest_path, read_manifest

__all__ = ["CombineResult", "combine_conversations"]


@dataclass
class CombineResult:
    """Lines read, kept, and left out by reason: read = kept + left out."""

    read: int = 0
    kept: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


def _source(path: Path) -> str:
    """The provider as the manifest beside the file tells it, or the name of its folder."""
    if manifest_path(path).is_file():
        return str(read_manifest(path).settings.get("source", path.parent.name))
    return path.parent.name


def combine_conversations(inputs: Sequence[Path], output: Path) -> CombineResult:
    """Writes every usable conversation once, exact and near duplicates left out, with its provenance.

    Raises:
        InputError: no input, or the output is one of them.
        FileError: a file cannot be read or written.
    """
    if not inputs:
        raise InputError("combine needs at least one file")
    if output.resolve() in {path.resolve() for path in inputs}:
        raise InputError(f"{output} is one of the inputs: choose another output")
    result, near, rows = CombineResult(), NearDuplicates(), []
    for path in inputs:
        source, digest = _source(path) if path.exists() else "", file_sha256(path) if path.exists() else ""
        for number, read in read_conversations(path):
            result.read += 1
            if not isinstance(read, Conversation):
                result.left_out["does not parse"] += 1
            elif structure_problem(read.conversation) is not None:
                result.left_out["not 3 to 5 exchanges by turns"] += 1
            elif near.seen(read.text):
                result.left_out["near-duplicate"] += 1
            else:
                result.kept += 1
                where = {"source": source, "file": path.name, "line": number, "sha256": digest}
                value = read.model_dump(exclude={"provenance"})
                rows.append({**value, "provenance": read.provenance or where})
    with replacing(output) as stream:
        write_jsonl(rows, stream)
    return result
