"""What a run says of itself, beside its output: `<stem>.manifest.json`."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from skillscope.errors import FileError, SchemaError
from skillscope.synthesis.files import replacing

__all__ = ["Counts", "RunManifest", "Spend", "manifest_path", "read_manifest", "write_manifest"]


class Spend(BaseModel):
    """What was asked of providers. `cost_usd` is None as soon as one request had no known price."""

    model_config = ConfigDict(extra="forbid")

    requests: int = 0
    answers_from_cache: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    texts_disclosed: int = Field(default=0, description="student texts sent outside")

    def plus(self, other: "Spend") -> "Spend":
        """The sum of both."""
        known = self.cost_usd is not None and other.cost_usd is not None
        return Spend(
            requests=self.requests + other.requests,
            answers_from_cache=self.answers_from_cache + other.answers_from_cache,
            input_tokens=self.input_tokens + other.input_tokens,
            cached_input_tokens=self.cached_input_tokens + other.cached_input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=round((self.cost_usd or 0.0) + (other.cost_usd or 0.0), 9) if known else None,
            texts_disclosed=self.texts_disclosed + other.texts_disclosed,
        )


class Counts(BaseModel):
    """Rows; nothing may go missing between what was planned and what became of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    planned: int = Field(ge=0)
    kept: int = Field(ge=0)
    dropped: dict[str, int] = Field(default_factory=dict, description="by reason of a check")
    failed: dict[str, int] = Field(default_factory=dict, description="by reason of the renderer")
    pending: int = Field(default=0, ge=0, description="not asked for yet: the run was stopped")

    @model_validator(mode="after")
    def conserved(self) -> "Counts":
        """planned = kept + dropped + failed + pending."""
        found = self.kept + sum(self.dropped.values()) + sum(self.failed.values()) + self.pending
        if found != self.planned:
            raise ValueError(f"{self.planned} rows were planned but {found} are accounted for")
        return self


class RunManifest(BaseModel):
    """Command, seed, versions, counts, tokens and cost, and the sha256 of the output. Holds no key and no clock."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["skillscope.run.v1"] = "skillscope.run.v1"
    command: str
    generator: str
    seed: int
    settings: dict[str, Any] = Field(default_factory=dict, description="what fixes the output: provider, model, ...")
    versions: dict[str, str] = Field(default_factory=dict)
    counts: Counts
    spend: Spend = Field(default_factory=Spend)
    stopped: str | None = Field(default=None, description="why the run ended early; None for a whole one")
    fingerprint: str = Field(description="sha256 of generator, seed and settings")
    output: str = Field(description="file name of the output")
    sha256: str
    review: dict[str, Any] | None = Field(
        default=None,
        description="what a person found in a sample, where one has looked",
        exclude_if=lambda value: value is None,
    )

    @property
    def complete(self) -> bool:
        """Every planned row was asked for."""
        return self.stopped is None and self.counts.pending == 0


def manifest_path(output: Path) -> Path:
    """Where the manifest of an output lies."""
    return output.with_name(f"{output.stem}.manifest.json")


def write_manifest(manifest: RunManifest, output: Path) -> Path:
    """Writes the manifest beside its output, whole or not at all."""
    path = manifest_path(output)
    with replacing(path) as stream:
        stream.write(manifest.model_dump_json(indent=2) + "\n")
    return path


def read_manifest(output: Path) -> RunManifest:
    """The manifest beside an output.

    Raises:
        FileError: there is none, or it cannot be read.
        SchemaError: it is not a run manifest.
    """
    path = manifest_path(output)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} cannot be read: a manifest lies beside every generated file") from error
    try:
        return RunManifest.model_validate_json(text)
    except ValidationError as error:
        raise SchemaError(f"{path} is not a run manifest: {error.errors()[0]['msg']}") from error
