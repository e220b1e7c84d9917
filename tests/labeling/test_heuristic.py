"""The heuristic rater: by hand, monotone, indifferent to gaps, in agreement with the simulated raters."""

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillscope.errors import SchemaError
from skillscope.features.behavioral import extract_telemetry
from skillscope.features.derived import derive
from skillscope.features.linguistic import extract_linguistic
from skillscope.features.schema import FEATURE_NAMES, TELEMETRY
from skillscope.labeling.heuristic import REFERENCE, WEIGHTS, rate_heuristic
from skillscope.simulation.plan import ResponsePlan
from skillscope.simulation.raters import rate_students
from skillscope.simulation.responses import render_response
from skillscope.simulation.students import draw_student
from skillscope.simulation.telemetry import simulate_sessions
from skillscope.skills import SKILLS

AVERAGE = {name: REFERENCE.get(name, (0.0, 1.0))[0] for name in FEATURE_NAMES}


def frame(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([{**AVERAGE, **row} for row in rows])


def test_average_evidence_scores_a_half() -> None:
    assert rate_heuristic(frame({}))[0] == pytest.approx([0.5] * 4)


def test_a_score_by_hand() -> None:
    # empathy_markers one SD up: strength = 1.0 / (1.0 + 0.3 + 1.0 + 0.2) = 0.4; 1 / (1 + exp(-1.3 x 0.4)) = 0.6271
    assert rate_heuristic(frame({"empathy_markers": 0.10}))[0] == pytest.approx([0.6271, 0.5, 0.5, 0.5])
    # alone, it is all there is: strength 1; 1 / (1 + exp(-1.3)) = 0.7858
    gaps = dict.fromkeys(WEIGHTS["empathy"], math.nan)
    assert rate_heuristic(frame({**gaps, "empathy_markers": 0.10}))[0, 0] == pytest.approx(0.7858)


def test_the_tag_counts_for_its_skill_only() -> None:
    tagged = frame({"skill": "resilience", "skill_level": "high"}, {"skill": "resilience", "skill_level": None})
    # 0.6 x 0.5 + 0.4 x 0.8 = 0.62
    assert rate_heuristic(tagged) == pytest.approx(np.array([[0.5, 0.5, 0.5, 0.62], [0.5, 0.5, 0.5, 0.5]]))


def test_nothing_known_is_nan_and_a_tag_alone_is_its_anchor() -> None:
    empty = dict.fromkeys(FEATURE_NAMES, math.nan)
    scores = rate_heuristic(frame({**empty, "skill": "empathy", "skill_level": "developing"}))
    assert scores[0, 0] == pytest.approx(0.2)
    assert np.isnan(scores[0, 1:]).all()


VALUES = st.one_of(st.just(math.nan), st.floats(-1e6, 1e6))


@settings(max_examples=60)
@given(
    st.fixed_dictionaries(dict.fromkeys(REFERENCE, VALUES)),
    st.sampled_from(sorted(REFERENCE)),
    st.floats(0, 1e6),
)
def test_more_evidence_never_lowers_a_score(row: dict[str, float], name: str, more: float) -> None:
    low, high = rate_heuristic(frame(row, {**row, name: row[name] + more}))
    assert not (high < low).any()
    known = low[~np.isnan(low)]
    assert ((known >= 0) & (known <= 1)).all()


def test_bad_tables() -> None:
    with pytest.raises(SchemaError, match="missing: retry_count"):
        rate_heuristic(frame({}).drop(columns="retry_count"))
    with pytest.raises(SchemaError, match="row 1: skill_level must be one of developing, medium, high"):
        rate_heuristic(frame({"skill": "empathy", "skill_level": "high"}, {"skill": "empathy", "skill_level": "top"}))


def test_it_agrees_with_simulated_raters_without_the_tag() -> None:
    specs = list(ResponsePlan(252, 5))
    students = [draw_student(5, s.row, s.skill, s.level, s.grade) for s in specs]
    rows = range(len(specs))
    texts = [render_response(spec, student, 5) for spec, student in zip(specs, students, strict=True)]
    order = pl.col("student_id").str.strip_prefix("row-").cast(pl.Int64)
    telemetry = extract_telemetry(simulate_sessions(students, 5, rows)).sort(order)
    deeds = telemetry.select([feature.name for feature in TELEMETRY]).to_numpy().astype(float)
    words = extract_linguistic(texts)
    values = np.hstack([words, deeds, derive(words, deeds)])
    scores = rate_heuristic(pd.DataFrame(values, columns=list(FEATURE_NAMES)))
    labels = rate_students(students, 5, rows)
    for place in range(len(SKILLS)):
        assert np.corrcoef(scores[:, place], labels[:, place])[0, 1] >= 0.6
