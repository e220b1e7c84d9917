"""What is shipped of a model: int8 weights for serving, half-precision weights to train on, tokenizer, scope, record.

manifest.json           what it is, what it was trained on, and the sha256 of every other file but the next
cost.json               what making it took: no two runs take the same, and the manifest's sha256 names the model
model.bin config.json vocabulary.json      CTranslate2, int8
tokenizer.json scope.json
weights/                the same network in the hub's layout
"""

import json
import os
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from skillscope.errors import BundleError
from skillscope.lm.network import quiet
from skillscope.lm.scope import Scope
from skillscope.synthesis.files import file_sha256, writing

__all__ = ["FORMAT", "MANIFEST", "LmRecord", "library_versions", "pack", "read_record", "read_scope"]

FORMAT: Final = "skillscope.lm.v1"
MANIFEST: Final = "manifest.json"
_COST: Final = "cost.json"


class LmRecord(BaseModel):
    """What a bundle is. `trained_on` counts examples by kind and origin; `files` maps names to sha256."""

    model_config = ConfigDict(extra="forbid")

    kind: str = FORMAT
    preset: str
    parameters: int
    vocabulary: int
    context: int
    base: str | None = None
    """The sha256 of the manifest of the model that this one was fine-tuned from."""
    data_sha256: str
    trained_on: dict[str, int]
    steps: int
    epochs: int
    seed: int
    final_loss: float
    core_seconds: float | None = None
    """Processor time, from `cost.json` (in older bundles from the manifest); None where that is lost."""
    versions: dict[str, str]
    blend: float | None = None
    """Where two models were averaged: the share of the fine-tuned one's weights; counts and costs are of both."""
    files: dict[str, str] = {}


def library_versions() -> dict[str, str]:
    """The libraries that made a model."""
    return {name: version(name) for name in ("ctranslate2", "tokenizers", "torch", "transformers")}


def pack(weights: Path, scope: Scope, record: Mapping[str, Any], output: Path) -> LmRecord:
    """Converts trained weights to int8 and writes the bundle; `output` is replaced as a whole, or left as it was.

    Raises:
        BundleError: the weights cannot be converted.
        FileError: the folder cannot be written.
    """
    from ctranslate2.converters import TransformersConverter

    building = output.with_name(f".{output.name}.{os.getpid()}.building")
    old = output.with_name(f".{output.name}.{os.getpid()}.old")
    try:
        with writing(output):
            shutil.rmtree(building, ignore_errors=True)
            building.parent.mkdir(parents=True, exist_ok=True)
            try:
                with quiet():
                    TransformersConverter(str(weights)).convert(str(building), quantization="int8")
            except (ValueError, RuntimeError) as error:
                raise BundleError(f"{weights} cannot be converted for serving: {error}") from error
            shutil.copytree(weights, building / "weights")
            shutil.copyfile(weights / "tokenizer.json", building / "tokenizer.json")
            (building / "scope.json").write_text(json.dumps({"trigrams": scope.pack()}) + "\n", "utf-8")
            names = sorted(path for path in building.rglob("*") if path.is_file())
            files = {path.relative_to(building).as_posix(): file_sha256(path) for path in names}
            whole = LmRecord.model_validate({**record, "files": files})
            manifest = whole.model_dump_json(indent=2, exclude={"core_seconds"})
            (building / MANIFEST).write_text(manifest + "\n", "utf-8")
            (building / _COST).write_text(json.dumps({"core_seconds": whole.core_seconds}) + "\n", "utf-8")
            if output.exists():
                output.replace(old)
            building.replace(output)
    finally:
        if old.exists() and not output.exists():
            old.replace(output)
        shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(building, ignore_errors=True)
    return whole


def read_record(folder: Path, *, check: bool = True) -> LmRecord:
    """The manifest of a bundle, its files checked against their sums where `check` says so.

    Raises:
        BundleError: there is none, it is of another format, or a file was changed or is missing.
    """
    try:
        record = LmRecord.model_validate_json((folder / MANIFEST).read_text("utf-8"))
    except OSError as error:
        raise BundleError(f"{folder} holds no small language model: `skillscope lm train` makes one") from error
    except (ValidationError, ValueError) as error:
        raise BundleError(f"{folder / MANIFEST} is no manifest of {FORMAT}") from error
    if record.kind != FORMAT:
        raise BundleError(f"{folder} is of the format {record.kind}, and {FORMAT} is needed: train again")
    for name, expected in record.files.items() if check else ():
        path = folder / name
        if ".." in Path(name).parts or not path.is_file() or file_sha256(path) != expected:
            raise BundleError(f"{path} is missing or was changed since the model was packed")
    return record if record.core_seconds is not None else record.model_copy(update={"core_seconds": _cost(folder)})


def _cost(folder: Path) -> float | None:
    """The processor time that a bundle took; a model answers without it, so a lost one is no error."""
    try:
        return float(json.loads((folder / _COST).read_text("utf-8"))["core_seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_scope(folder: Path) -> Scope:
    """The scope of a bundle.

    Raises:
        BundleError: it cannot be read.
    """
    try:
        return Scope.unpack(json.loads((folder / "scope.json").read_text("utf-8"))["trigrams"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{folder / 'scope.json'} cannot be read") from error
