import numpy as np

from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.evidence import BLANK_WEIGHT, blank, evidence_of, with_blanks


def test_what_is_left_when_a_side_is_blanked():
    row = np.ones((1, 29))
    known = dict(zip(FEATURE_NAMES, np.isfinite(blank(row, "text"))[0], strict=True))
    assert [name for name, there in known.items() if there] == list(FEATURE_NAMES[:16])
    known = dict(zip(FEATURE_NAMES, np.isfinite(blank(row, "play"))[0], strict=True))
    assert [name for name, there in known.items() if there] == [
        *FEATURE_NAMES[16:25],
        "self_regulation_focus",
        "resilience_recovery",
    ]
    assert np.isfinite(row).all()


def test_the_evidence_of_a_row():
    both = np.ones((1, 29))
    silent = both.copy()
    silent[0, :16] = np.nan
    silent[0, FEATURE_NAMES.index("word_count")] = 0.0
    rows = np.concatenate([both, blank(both, "text"), blank(both, "play"), silent, np.full((1, 29), np.nan)])
    assert evidence_of(rows).tolist() == ["both", "text", "play", "play", "text"]


def test_only_rows_with_both_are_learnt_three_times():
    both = np.ones((2, 29))
    rows, views, weights = with_blanks(np.concatenate([both, blank(both[:1], "text")]))
    assert rows.tolist() == [0, 1, 2, 0, 1, 0, 1]
    assert weights.tolist() == [1.0, 1.0, 1.0, *[BLANK_WEIGHT] * 4]
    assert evidence_of(views).tolist() == ["both", "both", "text", "text", "text", "play", "play"]
