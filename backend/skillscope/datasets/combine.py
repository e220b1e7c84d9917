"""Put simulated and real rows into one training set, in a chosen proportion, and say where each part came from."""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skillscope.datasets.contract import COLUMNS
from skillscope.datasets.io import read_dataset, write_dataset
from skillscope.datasets.manifest import Counts, Manifest, Part, Versions, file_sha256, read_manifest
from skillscope.datasets.stage import DEFAULT_SEED, StageResult, refuse_same
from skillscope.errors import BundleError, InputError, SchemaError

__all__ = ["combine_datasets"]

_OVER_SHARE: Final = "over the share"
_ROWS_NAMED: Final = 5


def _source(path: Path) -> tuple[pd.DataFrame, Manifest | None, str]:
    """The rows, the manifest where it describes them, and the sha256."""
    frame = read_dataset(path)
    digest = file_sha256(path)
    manifest = read_manifest(path)
    if manifest is not None and manifest.sha256 != digest:
        raise SchemaError(
            f"{path} is not the file that its manifest describes (sha256); make it again, or delete the manifest"
        )
    return frame, manifest, digest


def _label_source(frame: pd.DataFrame, manifest: Manifest | None) -> str:
    if manifest is not None and manifest.label_source:
        return manifest.label_source
    return "human" if frame["source"].str.startswith("human:").all() else "unknown"


def _one_version(manifests: list[Manifest | None], paths: list[Path]) -> Versions:
    """The versions that both parts were made with.

    Raises:
        BundleError: their features were measured by different schemas or language pipelines.
    """
    known = [(path, item.versions) for path, item in zip(paths, manifests, strict=True) if item is not None]
    if not known:
        return Versions()
    for name in ("feature_schema", "language_pipeline"):
        said = {getattr(versions, name) for _, versions in known} - {None}
        if len(said) > 1:
            raise BundleError(
                f"{' and '.join(str(path) for path, _ in known)} hold features of different versions ({name}: "
                f"{', '.join(sorted(said))}); measure both with the installed one"
            )
    pipelines = [versions.language_pipeline for _, versions in known if versions.language_pipeline]
    schema = known[0][1].feature_schema
    return Versions(feature_schema=schema, language_pipeline=pipelines[0] if pipelines else None)


def _refuse_common_texts(synthetic: pd.DataFrame, real: pd.DataFrame, paths: tuple[Path, Path]) -> None:
    """No text may stand in both files: it would be trained on in one part and tested on in the other.

    Raises:
        SchemaError: naming rows, never a text.
    """
    first, second = (frame["response"].str.split().str.join(" ").str.casefold() for frame in (synthetic, real))
    common = np.flatnonzero(second.isin(set(first)).to_numpy())
    if len(common):
        place = {text: row for row, text in reversed(list(enumerate(first, start=1)))}
        pairs = [f"row {row + 1} of {paths[1]} and row {place[second.iloc[row]]} of {paths[0]}" for row in common]
        shown = "; ".join(pairs[:_ROWS_NAMED]) + (f"; and {len(pairs) - _ROWS_NAMED} more" if len(pairs) > 5 else "")
        raise SchemaError(f"the same text stands in both files: {shown}; leave it out of one", field="response")


def _kept(count: int, wanted: int, random: np.random.Generator) -> NDArray[np.int64]:
    """`wanted` of `count` rows, in order."""
    if wanted >= count:
        return np.arange(count)
    return np.sort(random.choice(count, wanted, replace=False))


def _shares(synthetic: int, real: int, real_share: float | None) -> tuple[int, int]:
    """How many rows of each are kept: as many as the share allows, none made up, none taken twice."""
    if real_share is None:
        return synthetic, real
    wanted = round(real * (1.0 - real_share) / real_share)
    if wanted <= synthetic:
        return wanted, real
    return synthetic, min(real, round(synthetic * real_share / (1.0 - real_share)))


def combine_datasets(
    synthetic: Path, real: Path, output: Path, *, real_share: float | None = None, seed: int = DEFAULT_SEED
) -> StageResult:
    """Write the rows of `synthetic`, then those of `real`, as one dataset with a manifest that names both parts.

    Rows stay as they are: sources, and with them scenarios and students, are kept. With `real_share` rows of the side
    that has too many are left out, chosen by `seed` and counted in the manifest. Same files and seed: the same bytes.

    Raises:
        FileError, SchemaError: a file breaks the contract or differs from its manifest, or a text stands in both.
        BundleError: the features of the two were measured by different versions.
        InputError: the share is not between 0 and 1, leaves a side empty, or the output is one of the inputs.
    """
    if real_share is not None and not 0.0 < real_share < 1.0:
        raise InputError(f"the share of real rows must be above 0 and below 1, not {real_share:g}", field="real_share")
    for path in (synthetic, real):
        refuse_same(path, output)
    if synthetic.resolve() == real.resolve():
        raise InputError(f"{synthetic} is given as both parts; give two files", field="real")
    made, rated = _source(synthetic), _source(real)
    versions = _one_version([made[1], rated[1]], [synthetic, real])
    _refuse_common_texts(made[0], rated[0], (synthetic, real))
    counts = _shares(len(made[0]), len(rated[0]), real_share)
    if not all(counts):
        raise InputError(
            f"a share of {real_share:g} real rows leaves {counts[0]} simulated and {counts[1]} real ones; give a share "
            "that both files have rows for",
            field="real_share",
        )
    random = np.random.default_rng(seed)
    frames, parts = [], []
    for (frame, manifest, digest), path, wanted in zip((made, rated), (synthetic, real), counts, strict=True):
        kept = frame.iloc[_kept(len(frame), wanted, random)]
        frames.append(kept)
        parts.append(Part(file=path.name, sha256=digest, rows=len(kept), label_source=_label_source(frame, manifest)))
    whole = pd.concat(frames, ignore_index=True)[list(COLUMNS)]
    planned = len(made[0]) + len(rated[0])
    left_out = planned - len(whole)
    sources = sorted({name for part in parts for name in (part.label_source or "unknown").split("+")})
    written = write_dataset(
        whole,
        output,
        Manifest(
            command="combine_datasets",
            stage="training",
            counts=Counts(planned=planned, kept=len(whole), dropped={_OVER_SHARE: left_out} if left_out else {}),
            versions=versions,
            label_source="+".join(sources),
            sources={part.file: part.sha256 for part in parts},
            parts=parts,
            sha256="",
        ),
    )
    share = parts[1].rows / len(whole)
    notes = [f"{parts[0].rows} simulated and {parts[1].rows} real rows ({share:.1%} real)"]
    if left_out:
        notes.append(f"{left_out} rows left out for the share of {real_share:g} real ones")
    return StageResult(output, written, notes)
