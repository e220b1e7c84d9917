"""The manifest that lies beside every dataset: how it was made, from what, and what became of every planned row."""

import hashlib
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from skillscope import __version__
from skillscope.datasets.files import replacing
from skillscope.datasets.versions import installed_pipeline
from skillscope.errors import FileError, SchemaError
from skillscope.features.schema import SCHEMA_VERSION

__all__ = [
    "Counts",
    "Manifest",
    "Versions",
    "file_sha256",
    "manifest_path",
    "measured_versions",
    "read_manifest",
    "write_manifest",
]

MANIFEST_FORMAT: Final = "1"


class Counts(BaseModel):
    """What became of the planned rows. Conserved: planned = kept + dropped + failed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    planned: int = Field(ge=0)
    kept: int = Field(ge=0)
    dropped: dict[str, int] = Field(default_factory=dict, description="rows left out on purpose, by reason")
    failed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _conserve(self) -> Self:
        accounted = self.kept + sum(self.dropped.values()) + self.failed
        if accounted != self.planned:
            raise ValueError(f"planned {self.planned} rows but {accounted} are accounted for")
        return self


class Versions(BaseModel):
    """What the rows were made with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = __version__
    feature_schema: str = SCHEMA_VERSION
    language_pipeline: str | None = None
    prompts: str | None = None


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
    rerendered: int = Field(default=0, description="texts rendered again because an earlier row had the same")
    versions: Versions = Field(default_factory=Versions)
    label_source: str | None = None
    noise_ceiling: dict[str, float] | None = Field(
        default=None, description="best attainable R2 per skill, given the noise of the simulated raters"
    )
    tokens: int = Field(default=0, ge=0)
    cost_usd: float = Field(default=0.0, ge=0.0)
    sources: dict[str, str] = Field(default_factory=dict, description="sha256 of the files it was combined from")
    sha256: str


def manifest_path(path: Path) -> Path:
    """Where the manifest of a dataset lies: `<stem>.manifest.json` beside it."""
    return path.with_name(f"{path.stem}.manifest.json")


def file_sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def measured_versions() -> Versions:
    """The versions that a run with language features carries."""
    return Versions(language_pipeline=installed_pipeline())


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
    """Write the manifest beside the dataset at `path`, whole or not at all; its own path is returned."""
    beside = manifest_path(path)
    with replacing(beside) as temporary:
        temporary.write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return beside
