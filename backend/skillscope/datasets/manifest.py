"""The manifest that lies beside every dataset: how it was made, from what, and what became of every planned row."""

from pathlib import Path
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from skillscope import __version__
from skillscope.datasets.datasheet import write_datasheet
from skillscope.datasets.files import replacing
from skillscope.errors import FileError, SchemaError
from skillscope.features.schema import SCHEMA_VERSION
from skillscope.features.versions import installed_pipeline
from skillscope.skills import Skill
from skillscope.synthesis.files import file_sha256
from skillscope.synthesis.manifest import Counts, Spend, manifest_path

__all__ = [
    "Counts",
    "Manifest",
    "Part",
    "RaterRun",
    "Spend",
    "Versions",
    "absent_ranges",
    "file_sha256",
    "manifest_path",
    "measured_versions",
    "read_manifest",
    "write_manifest",
]

MANIFEST_FORMAT: Final = "1"
_LEFT_OUT_IF_EMPTY: Final = ("absent", "stopped", "ratings", "agreement", "parts")


class Versions(BaseModel):
    """What the rows were made with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = __version__
    feature_schema: str = SCHEMA_VERSION
    language_pipeline: str | None = None
    prompts: str | None = None


class Part(BaseModel):
    """Rows of a combined dataset that came from one file: they stand together, parts in order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(description="name of the file, without its folder")
    sha256: str
    rows: int = Field(ge=0, description="how many of its rows are in the combined file")
    label_source: str | None = None


class RaterRun(BaseModel):
    """What became of the texts that one language-model rater was given; a text without a score stays empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rater: str = Field(description="model and repeat: openai:gpt-4o-mini#1")
    counts: Counts


class Manifest(BaseModel):
    """The record of one dataset file. It holds no time and no machine path: the same command writes the same bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["1"] = "1"
    command: str
    stage: Literal["responses", "linguistic", "features", "training"]
    seed: int | None = Field(default=None, description="seed of the simulated students; none where none was simulated")
    requested: int | None = Field(default=None, description="rows asked for, before rounding up to whole grids")
    balanced: bool = Field(default=False, description="rows spread evenly over skills, levels and grades")
    counts: Counts
    absent: list[tuple[int, int]] = Field(
        default_factory=list,
        description="planned rows that are not in the file, first and last of each run, counted from 0; "
        "the others keep their numbers, and with them their simulated students",
    )
    stopped: str | None = Field(default=None, description="why a run ended early; None for a whole one")
    rerendered: int = Field(default=0, description="texts rendered again because an earlier row had the same")
    versions: Versions = Field(default_factory=Versions)
    label_source: str | None = None
    noise_ceiling: dict[str, float] | None = Field(
        default=None, description="best attainable R2 per skill, given the noise of the simulated raters"
    )
    ratings: list[RaterRun] = Field(default_factory=list)
    agreement: dict[Skill, dict[str, tuple[float | None, float | None, float | None]]] = Field(
        default_factory=dict, description="of several raters: alpha, r and qwk with the ends of their intervals"
    )
    spend: Spend = Field(default_factory=Spend)
    sources: dict[str, str] = Field(default_factory=dict, description="sha256 of the files it was combined from")
    parts: list[Part] = Field(default_factory=list, description="of a combined dataset, in the order of its rows")
    sha256: str

    @model_validator(mode="before")
    @classmethod
    def _read_older(cls, data: Any) -> Any:
        """Files written before anything was paid for say `tokens: 0`, `cost_usd: 0` and `failed: 0`."""
        if isinstance(data, dict) and data.get("tokens") == 0 and data.get("cost_usd") == 0:
            data = {name: value for name, value in data.items() if name not in {"tokens", "cost_usd"}}
            counts = data.get("counts")
            if isinstance(counts, dict) and counts.get("failed") == 0:
                data["counts"] = counts | {"failed": {}}
        return data

    @model_validator(mode="after")
    def _number_rows(self) -> Self:
        missing = self.counts.planned - self.counts.kept
        named = sum(last - first + 1 for first, last in self.absent)
        if named != missing and (self.absent or self.seed is not None):
            raise ValueError(f"{missing} planned rows are not in the file but {named} are named in absent")
        return self

    def row_numbers(self) -> NDArray[np.int64]:
        """The planned row number of every row of the file, in order."""
        present = np.ones(self.counts.planned if self.absent else self.counts.kept, dtype=np.bool_)
        for first, last in self.absent:
            present[first : last + 1] = False
        return np.flatnonzero(present)


def absent_ranges(planned: int, kept: NDArray[np.int64]) -> list[tuple[int, int]]:
    """First and last of each run of the rows 0 .. planned-1 that are not among `kept`, which rises."""
    edges = np.concatenate(([-1], kept, [planned]))
    gaps = np.flatnonzero(np.diff(edges) > 1)
    return [(int(edges[at]) + 1, int(edges[at + 1]) - 1) for at in gaps]


def measured_versions(prompts: str | None = None) -> Versions:
    """The versions that a run with language features carries, and those of the prompts where texts were paid for."""
    return Versions(language_pipeline=installed_pipeline(), prompts=prompts)


def read_manifest(path: Path) -> Manifest | None:
    """The manifest of the dataset at `path`, or None where none lies beside it.

    Raises:
        FileError: it is there and cannot be read.
        SchemaError: it is there and is no manifest of this format.
    """
    beside = manifest_path(path)
    try:
        text = beside.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{beside} cannot be read: {error}; delete it to go on without a manifest") from error
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise SchemaError(
            f"{beside} is no manifest of format {MANIFEST_FORMAT} ({where}: {first['msg']}); "
            "generate the dataset again, or delete the manifest to go on without it"
        ) from error


def write_manifest(manifest: Manifest, path: Path) -> Path:
    """Write manifest and datasheet beside the dataset at `path`, each whole or not at all; the manifest's own path is
    returned.
    """
    beside = manifest_path(path)
    with replacing(beside) as temporary:
        empty = {name for name in _LEFT_OUT_IF_EMPTY if not getattr(manifest, name)}
        temporary.write_text(manifest.model_dump_json(indent=2, exclude=empty) + "\n", encoding="utf-8")
    write_datasheet(manifest, path)
    return beside
