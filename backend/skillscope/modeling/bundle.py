"""What is served: a folder with the regressors, their calibration, what they were made with, and a model card.

    bundle.json         everything below, and the sha256 of every other file
    <skill>.ubj         one XGBoost regressor a skill
    families/           fitted feature families, where it uses any (`columns`)
    MODEL_CARD.md       what it is, and first of all what it is not

The format is versioned, and nothing in it is executed when it is loaded.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from xgboost import Booster
from xgboost.core import XGBoostError

from skillscope import __version__
from skillscope.datasets.files import replacing_folder
from skillscope.datasets.manifest import file_sha256
from skillscope.errors import BundleError, ConfigurationError, SchemaError
from skillscope.features.families import find_family
from skillscope.features.schema import FEATURE_NAMES, SCHEMA_VERSION
from skillscope.features.versions import installed_pipeline
from skillscope.modeling.card_page import card_page
from skillscope.modeling.columns import FAMILIES_FOLDER, BundleFamilies
from skillscope.modeling.compiled import CompiledModels
from skillscope.modeling.conformal import GRADE_BANDS, band_of_grades, widest
from skillscope.modeling.evidence import EVIDENCE, Evidence, evidence_of
from skillscope.modeling.novelty import Novelty, NoveltyRecord
from skillscope.skills import LEVELS, SKILLS, Level, Skill

__all__ = [
    "BUNDLE_FORMAT",
    "BUNDLE_NAME",
    "CARD_NAME",
    "PAGE_NAME",
    "Bundle",
    "BundleRecord",
    "FamilyRecord",
    "SkillRecord",
    "write_bundle",
]

Floats = NDArray[np.float64]

BUNDLE_FORMAT: Final = 1
BUNDLE_NAME: Final = "skillscope"
"""Name of the bundle folder, of the registered model, and in BentoML's store."""
CARD_NAME: Final = "MODEL_CARD.md"
PAGE_NAME: Final = "MODEL_CARD.html"
"""The card as a page; bundles from before it was written have none."""
RECORD_NAME: Final = "bundle.json"


class SkillRecord(BaseModel):
    """What belongs to one skill's regressor."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cut_points: tuple[float, float] = Field(description="scores that split the training labels in thirds")
    half_widths: dict[Evidence, dict[str, float]] = Field(
        description="conformal half-width of the interval, by the evidence that a row has and nominal coverage"
    )
    measured_coverage: dict[Evidence, dict[str, float]] = Field(description="share of held-out scores inside it")
    half_widths_by_band: dict[Evidence, dict[str, dict[str, float]]] = Field(
        default_factory=dict, description="the same half-widths, calibrated for each band of grades; these are served"
    )
    measured_coverage_by_band: dict[Evidence, dict[str, dict[str, float]]] = Field(default_factory=dict)
    usual_range: dict[str, tuple[float, float]] = Field(
        default_factory=dict, description="the middle 80% and 95% of the training labels: what is known of anyone"
    )
    metrics: dict[str, float] = Field(description="r2, mae, rmse, r on held-out scenarios, rows as they are")
    metrics_by_evidence: dict[Evidence, dict[str, float]] = Field(
        default_factory=dict, description="the same from text and play, from text alone, from play alone"
    )
    intervals: dict[str, tuple[float, float]] = Field(default_factory=dict, description="bootstrap, over scenarios")
    baselines: dict[str, dict[str, float]] = Field(default_factory=dict)
    noise_ceiling: float | None = None
    importance: dict[str, float] = Field(default_factory=dict, description="mean absolute SHAP value by feature")
    rows: int
    trees: int
    tuned: dict[str, float] = Field(default_factory=dict, description="parameters that tuning chose for this skill")


class FamilyRecord(BaseModel):
    """A feature family that the bundle uses: its name and version, and its columns."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str = Field(description="<name>.v<version>")
    columns: tuple[str, ...]


class BundleRecord(BaseModel):
    """`bundle.json`. It holds no time and no path: the same data, seed and versions give the same bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = BUNDLE_FORMAT
    code: str = __version__
    feature_schema: str = SCHEMA_VERSION
    features: tuple[str, ...] = FEATURE_NAMES
    families: tuple[FamilyRecord, ...] = Field(default=(), description="families beside the 29, in order")
    language_pipeline: str
    label_sources: tuple[str, ...]
    trained_on: dict[str, Any] = Field(description="rows, scenarios, sha256 and seed of the training set")
    params: dict[str, Any]
    skills: dict[Skill, SkillRecord]
    novelty: NoveltyRecord | None = Field(default=None, description="where the training rows lie; see `novelty`")
    files: dict[str, str] = Field(default_factory=dict, description="sha256 of every other file")


def write_bundle(
    record: BundleRecord,
    models: Mapping[Skill, Booster],
    card: str,
    path: Path,
    *,
    families: BundleFamilies | None = None,
) -> "Bundle":
    """Write a bundle folder, whole or not at all, and load it back. `families` are those that the record names.

    Raises:
        FileError: the folder cannot be written.
    """
    with replacing_folder(path) as folder:
        for skill, model in models.items():
            (folder / f"{skill}.ubj").write_bytes(bytes(model.save_raw("ubj")))
        (folder / CARD_NAME).write_text(card, encoding="utf-8")
        (folder / PAGE_NAME).write_text(card_page(card), encoding="utf-8")
        if families is not None:
            families.save(folder / FAMILIES_FOLDER)
        files = {name: file_sha256(folder / name) for name in _files_in(folder)}
        whole = record.model_copy(update={"files": files})
        (folder / RECORD_NAME).write_text(whole.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return Bundle.load(path)


def _files_in(folder: Path) -> list[str]:
    found = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return sorted(name for name in found if name != RECORD_NAME)


def _read_record(path: Path) -> tuple[BundleRecord, str]:
    file = path / RECORD_NAME
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise BundleError(f"{path} is no model bundle: {RECORD_NAME} cannot be read; train one first") from error
    try:
        record = BundleRecord.model_validate_json(raw)
    except ValidationError as error:
        found = _format_of(raw)
        if found is not None and found != BUNDLE_FORMAT:
            raise BundleError(_wrong_format(path, found)) from error
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BundleError(f"{file} is damaged ({where}: {first['msg']}); train the bundle again") from error
    if record.format != BUNDLE_FORMAT:
        raise BundleError(_wrong_format(path, record.format))
    return record, hashlib.sha256(raw).hexdigest()


def _format_of(raw: bytes) -> int | None:
    class _Format(BaseModel):
        format: int

    try:
        return _Format.model_validate_json(raw).format
    except ValidationError:
        return None


def _wrong_format(path: Path, found: int) -> str:
    remedy = "update Skillscope" if found > BUNDLE_FORMAT else "train the bundle again"
    return f"{path} is a bundle of format {found}; this version reads format {BUNDLE_FORMAT}: {remedy}"


def _check_files(path: Path, record: BundleRecord) -> None:
    expected = {CARD_NAME, *(f"{skill}.ubj" for skill in record.skills)}
    if {name for name in record.files if not name.startswith(f"{FAMILIES_FOLDER}/")} - {PAGE_NAME} != expected:
        raise BundleError(f"{path / RECORD_NAME} does not list the files of its skills; train the bundle again")
    for name, digest in record.files.items():
        file = path / name
        if not file.is_file():
            raise BundleError(f"{file} is missing from the bundle; train it again or copy it whole")
        if file_sha256(file) != digest:
            raise BundleError(f"{file} is not the file that {RECORD_NAME} describes (sha256); copy the bundle whole")


def _check_versions(path: Path, record: BundleRecord) -> None:
    if record.feature_schema != SCHEMA_VERSION or record.features != FEATURE_NAMES:
        raise BundleError(
            f"{path} was trained on feature schema {record.feature_schema}, this version measures schema "
            f"{SCHEMA_VERSION}; train the bundle again"
        )
    for family in record.families:
        try:
            columns = find_family(family.key).columns
        except ConfigurationError as error:
            raise BundleError(f"{path} uses a feature family that this version has not: {error}") from error
        if columns != family.columns:
            raise BundleError(f"{path} has other columns for {family.key} than this version; train the bundle again")
    installed = installed_pipeline()
    if record.language_pipeline != installed:
        raise BundleError(
            f"{path} was trained on features of {record.language_pipeline}, installed is {installed}; "
            "train the bundle again on features made with the installed pipeline"
        )


def _in_scale(values: Floats) -> Floats:
    """The values within [0, 1]; on one row a third of the cost of `np.clip`."""
    return np.asarray(np.minimum(np.maximum(values, 0.0), 1.0))


class Bundle:
    """A loaded bundle: predicts, says how sure it is, and knows what it was made with."""

    def __init__(
        self,
        path: Path,
        record: BundleRecord,
        models: dict[Skill, Booster],
        digest: str,
        families: BundleFamilies | None = None,
    ) -> None:
        self.path = path
        self.record = record
        self.digest = digest
        self.models = models
        self.families = families or BundleFamilies()
        self._places = {skill: self.families.places(skill) for skill in models}
        self._widths: dict[str, dict[tuple[str, str], Floats]] = {}

    @classmethod
    def load(cls, path: Path) -> Self:
        """Load a bundle after checking its format, the hash of every file, and that it fits this version.

        Raises:
            BundleError: with the reason, and what to do about it.
        """
        record, digest = _read_record(path)
        _check_files(path, record)
        _check_versions(path, record)
        models: dict[Skill, Booster] = {}
        for skill in SKILLS:
            if skill in record.skills:
                model = Booster({"nthread": 1})
                try:
                    model.load_model(bytearray((path / f"{skill}.ubj").read_bytes()))
                except XGBoostError as error:
                    raise BundleError(f"{path / f'{skill}.ubj'} is no XGBoost model; train the bundle again") from error
                model.set_param({"nthread": 1})
                models[skill] = model
        keys = tuple(family.key for family in record.families)
        return cls(path, record, models, digest, BundleFamilies.load(path / FAMILIES_FOLDER, keys, tuple(models)))

    @property
    def version(self) -> str:
        """Identifies the bundle by its contents: code version and the start of bundle.json's sha256."""
        return f"{self.record.code}+{self.digest[:12]}"

    @property
    def label_source(self) -> str:
        """Who labelled the training data: `simulated`, `heuristic`, `human`, ...; several joined by `+`."""
        return "+".join(self.record.label_sources)

    @property
    def is_demonstration(self) -> bool:
        """Whether no human rated what it learned from: it shows that the machinery works, and measures no child."""
        return "human" not in self.record.label_sources

    @property
    def feature_schema(self) -> str:
        """Version of the feature schema."""
        return self.record.feature_schema

    @property
    def language_pipeline(self) -> str:
        """Name and version of the language pipeline that measured the training texts."""
        return self.record.language_pipeline

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of a whole feature row: the 29, then those of families."""
        return (*FEATURE_NAMES, *self.families.columns)

    def names(self, skill: Skill) -> tuple[str, ...]:
        """Names of the columns that the skill's regressor reads, in its order; the 29 come first."""
        columns = self.columns
        return tuple(columns[place].removeprefix(f"{skill}.") for place in self._places[skill].tolist())

    def inputs(self, skill: Skill, features: Floats) -> Floats:
        """What the skill's regressor reads of feature rows (n, 29) or (n, `len(columns)`), in its order."""
        if features.shape[1] == len(self._places[skill]):
            return features  # without families of its own, every column is read
        return self.widened(features)[:, self._places[skill]]

    def widened(self, features: Floats) -> Floats:
        """Rows of `len(columns)`; where only the 29 are given, the columns of families are unknown (NaN)."""
        more = len(self.columns) - features.shape[1]
        return np.hstack([features, np.full((len(features), more), np.nan)]) if more else features

    @property
    def cut_points(self) -> dict[Skill, tuple[float, float]]:
        """By skill, the two scores between developing and medium, and between medium and high."""
        return {skill: record.cut_points for skill, record in self.record.skills.items()}

    def level(self, skill: Skill, score: float) -> Level:
        """The level that a score stands for."""
        return LEVELS[bisect_right(self.record.skills[skill].cut_points, score)]

    def predict(self, features: Floats) -> Floats:
        """Scores in [0, 1], shape (n, 4) in the order of `SKILLS`, of feature rows; NaN features are missing.

        Rows have shape (n, 29), or (n, `len(columns)`) with the columns of the bundle's families, which are taken as
        unknown otherwise. A skill that the bundle has no regressor for is NaN.

        Raises:
            SchemaError: the rows have another shape, or an infinite value.
        """
        rows = np.asarray(features, dtype=np.float64)
        widths = sorted({len(FEATURE_NAMES), len(self.columns)})
        if rows.ndim != 2 or rows.shape[1] not in widths:
            wanted = " or ".join(f"(n, {width})" for width in widths)
            raise SchemaError(f"feature rows have shape {wanted}, not {rows.shape}", field="features")
        if np.isinf(rows).any():
            name = self.columns[int(np.isinf(rows).any(axis=0).argmax())]
            raise SchemaError(f"{name} is infinite; a value that is not known is NaN", field=name)
        return _in_scale(self.compiled.predict(self.widened(rows)))

    @cached_property
    def compiled(self) -> CompiledModels:
        """The regressors in the form that predicts fast, with XGBoost's own numbers."""
        return CompiledModels.of(self.models, self._places, len(self.columns))

    @cached_property
    def novelty(self) -> Novelty | None:
        """Says how far a row lies from the training rows; None in a bundle that does not hold it."""
        return None if self.record.novelty is None else Novelty(self.record.novelty)

    def intervals(
        self,
        scores: Floats,
        features: Floats | None = None,
        *,
        grades: Sequence[float | None] | Floats | None = None,
        coverage: float = 0.8,
    ) -> tuple[Floats, Floats]:
        """Lower and upper ends of the intervals of such scores, each of their shape (n, 4), within [0, 1].

        With `features` (n, 29), a row that has only text, or only play, gets the wider interval that such rows need;
        without, all rows are taken to have both. With `grades` (n,), the interval is that of the grade's band; where
        the grade is not known (or in no band of the training set), the widest band's.

        Raises:
            SchemaError: the bundle is not calibrated for this coverage.
        """
        table = self._half_widths(f"{coverage:g}")
        kinds = [EVIDENCE[0]] * len(scores) if features is None else evidence_of(np.asarray(features, float)).tolist()
        bands = band_of_grades([None] * len(scores) if grades is None else grades).tolist()
        widths = np.array([table[place] for place in zip(kinds, bands, strict=True)]).reshape(scores.shape)
        return _in_scale(scores - widths), _in_scale(scores + widths)

    def _half_widths(self, key: str) -> dict[tuple[str, str], Floats]:
        """By evidence and band ("": not known), the half-widths of the skills, shape (4,); NaN where none is known."""
        if key in self._widths:
            return self._widths[key]
        table: dict[tuple[str, str], Floats] = {
            (kind, band): np.full(len(SKILLS), np.nan) for kind in EVIDENCE for band in ("", *GRADE_BANDS)
        }
        for column, skill in enumerate(SKILLS):
            if skill not in self.record.skills:
                continue
            for kind, known in self.record.skills[skill].half_widths.items():
                if key not in known:
                    raise SchemaError(f"coverage must be one of {', '.join(known)}, not {key}", field="coverage")
                by_band = self.record.skills[skill].half_widths_by_band.get(kind, {})
                for band in ("", *GRADE_BANDS):
                    unbanded = widest(by_band, key) if by_band else known[key]
                    table[kind, band][column] = by_band[band][key] if band in by_band else unbanded
        self._widths[key] = table
        return table
