"""How a model holds up: whether its intervals cover what they promise, and whether its scores can be gamed."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from skillscope.datasets.contract import scenario_of
from skillscope.evaluation.coverage import coverage_table
from skillscope.evaluation.probes import PROBES, probe_features, probe_rises, probe_text
from skillscope.evaluation.rated import RatedRows
from skillscope.evaluation.record import CoverageFigures, ProbeFigures, known
from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.bundle import Bundle, SkillRecord
from skillscope.modeling.conformal import COVERAGES
from skillscope.modeling.evidence import EVIDENCE, Evidence, blank, evidence_of
from skillscope.modeling.judging import judge
from skillscope.modeling.prompts import Prompt, shipped_prompts
from skillscope.skills import SKILLS

__all__ = ["coverage_figures", "probe_figures"]

Floats = NDArray[np.float64]

PROBE_ROWS: Final = 300
_FIGURES: Final = ("rise", "rise_of_low", "extrapolating", "beyond")


def coverage_figures(bundle: Bundle, rated: RatedRows, features: Floats) -> list[CoverageFigures]:
    """By skill, evidence (rows as they are, and rows with both from either alone), nominal coverage and band."""
    kinds = evidence_of(rated.features)
    found = []
    for kind in EVIDENCE:
        rows = (kinds == kind) | (kinds == "both")
        if not rows.any():
            continue
        seen = np.where((kinds == kind)[:, None], features, blank(features, kind))[rows]
        for nominal in COVERAGES:
            judged = judge(bundle, seen, grades=rated.grades[rows], coverage=nominal)
            for skill in bundle.models:
                column = SKILLS.index(skill)
                scores = rated.scores[rows, column]
                if not np.isfinite(scores).any():
                    continue
                lows, highs = judged.lows[:, column], judged.highs[:, column]
                found += [
                    CoverageFigures(
                        skill=skill,
                        evidence=kind,
                        nominal=nominal,
                        band=row.group,
                        rows=row.rows,
                        covered=known(row.covered),
                        width=known(row.width),
                        held_out=_measured(bundle.record.skills[skill], kind, row.group, nominal),
                    )
                    for row in coverage_table(scores, lows, highs, judged.bands, nominal=nominal)
                ]
    return found


def _measured(record: SkillRecord, kind: Evidence, band: str, nominal: float) -> float | None:
    """Coverage on scenarios held out in training."""
    key = f"{nominal:g}"
    if band:
        return record.measured_coverage_by_band.get(kind, {}).get(band, {}).get(key)
    return record.measured_coverage.get(kind, {}).get(key)


def probe_figures(bundle: Bundle, rated: RatedRows, seed: int) -> list[ProbeFigures]:
    """Every probe on some rows, from the text with the play where there is play, and from the text alone.

    The columns of families are not measured for probes: they are taken as unknown on both sides.
    """
    rows = np.flatnonzero(np.nan_to_num(rated.features[:, FEATURE_NAMES.index("word_count")]) > 0)
    if len(rows) > PROBE_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, PROBE_ROWS, replace=False))
    if not len(rows):
        return []
    features = rated.features[rows]
    texts = [str(rated.frame["response"].iloc[row]) for row in rows.tolist()]
    book = shipped_prompts().prompts | bundle.families.book.prompts
    asked = [book.get(scenario_of(str(rated.frame["source"].iloc[row])), Prompt()).text for row in rows.tolist()]
    played = evidence_of(features) == "both"
    found: list[ProbeFigures] = []
    for probe in PROBES:
        gamed = [
            probe_text(probe, text, said, row=place, seed=seed)
            for place, (text, said) in enumerate(zip(texts, asked, strict=True))
        ]
        made = np.array([text is not None for text in gamed])
        if not made.any():
            continue
        after = probe_features(features[made], [text for text in gamed if text is not None])
        for evidence in EVIDENCE[:2]:
            wanted = played[made] if evidence == "both" else np.ones(int(made.sum()), dtype=bool)
            if not wanted.any():
                continue
            honest = bundle.predict(blank(features[made][wanted], evidence))
            judged = judge(bundle, blank(after[wanted], evidence))
            for item in probe_rises(
                probe, evidence, honest, judged.scores, beyond=judged.beyond, extrapolating=judged.extrapolating
            ):
                numbers = {name: known(getattr(item, name)) for name in _FIGURES}
                who = {"probe": item.probe, "skill": item.skill, "evidence": item.evidence, "rows": item.rows}
                found.append(ProbeFigures.model_validate(who | numbers))
    return found
