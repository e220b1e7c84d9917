"""Parts of texts: where they lie, and that a text is measured without them as a slow reader would."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillscope.features import LINGUISTIC, extract_linguistic
from skillscope.features.annotate import annotate
from skillscope.features.segments import MAX_SEGMENTS, measure_without, segments_of
from skillscope.simulation import ResponsePlan, draw_student, render_response

NAMES = [item.name for item in LINGUISTIC]


def _simulated(count: int) -> list[str]:
    plan = ResponsePlan(count, 5)
    return [
        render_response(spec, draw_student(5, spec.row, spec.skill, spec.level, spec.grade), 5)
        for spec in plan
        if spec.row < count
    ]


def _parts(text: str) -> list[str]:
    (parsed,) = annotate([text])
    return [text[part.start : part.end] for part in segments_of(parsed)]


def test_with_nothing_left_out_it_is_the_ordinary_measurement_to_the_last_bit() -> None:
    texts = [
        *_simulated(80),
        "",
        "   ",
        "?!",
        "I don't know. Dont ask me",
        "i tried and tried and i didnt give up and then it worked so i told my mom",
        "She said: “no”, and left…\n\nThen   I waited!",
    ]
    assert np.array_equal(np.array([measure_without(part) for part in annotate(texts)]), extract_linguistic(texts),
                          equal_nan=True)  # fmt: skip


def test_sentences_and_clauses_that_stand_for_themselves_are_parts() -> None:
    assert _parts("She looked sad. I asked her what was wrong, and I listened to her story. Then we played.") == [
        "She looked sad.",
        "I asked her what was wrong,",
        "and I listened to her story.",
        "Then we played.",
    ]
    assert _parts("I would help him and her") == ["I would help him and her"]
    assert _parts("?!") == []


def test_a_part_says_where_its_list_words_stand() -> None:
    text = "It rained. I felt sorry for her and I never gave up."
    (parsed,) = annotate([text])
    rain, rest = segments_of(parsed)[0], segments_of(parsed)[1:]
    assert rain.marks == ()
    marked = {(text[low:high], lexicon) for part in rest for low, high, lexicon in part.marks}
    assert ("sorry", "empathy") in marked
    assert any(lexicon == "perseverance" for _, lexicon in marked)
    for part in rest:
        assert all(part.start <= low < high <= part.end for low, high, _ in part.marks)


def test_words_and_counts_without_a_part_are_those_of_the_rest() -> None:
    text = "I tried again. The big dog barked loudly."
    (parsed,) = annotate([text])
    first, second = segments_of(parsed)
    without_first = dict(zip(NAMES, first.without, strict=True))
    assert without_first["word_count"] == 5
    assert without_first["unique_word_count"] == 5
    assert without_first["perseverance_indicators"] == 0.0
    assert without_first["avg_sentence_length"] == 5.0
    assert dict(zip(NAMES, second.without, strict=True))["perseverance_indicators"] == pytest.approx(2 / 3)


def test_without_its_only_part_a_text_has_counts_of_nothing_and_the_rest_is_undefined() -> None:
    (parsed,) = annotate(["I waited for her"])
    (only,) = segments_of(parsed)
    values = dict(zip(NAMES, only.without, strict=True))
    assert values["word_count"] == values["verb_count"] == 0.0
    assert np.isnan(values["empathy_markers"])
    assert np.isnan(values["avg_sentence_length"])


def test_a_long_text_keeps_the_parts_with_most_list_words_in_their_order() -> None:
    text = " ".join(["The bus was yellow and new."] * 30 + ["I felt sorry for her and I listened kindly."] * 3)
    (parsed,) = annotate([text])
    parts = segments_of(parsed)
    assert len(parts) == MAX_SEGMENTS
    assert [part.start for part in parts] == sorted(part.start for part in parts)
    assert sum(bool(part.marks) for part in parts) >= 3


def test_counted_features_match_a_new_parse_of_the_rest() -> None:
    rest: list[str] = []
    ours: list[tuple[float, ...]] = []
    for parsed in annotate(_simulated(84)):
        for part in segments_of(parsed):
            rest.append(f"{parsed.text[: part.start]} {parsed.text[part.end :]}".strip())
            ours.append(part.without)
    table, parsed_anew = np.array(ours), extract_linguistic(rest)
    words = NAMES.index("word_count")
    assert (table[:, words] == parsed_anew[:, words]).mean() > 0.995
    known = np.isfinite(table).all(axis=1) & np.isfinite(parsed_anew).all(axis=1)
    for name in ("empathy_markers", "problem_solving_language", "perseverance_indicators", "verb_count"):
        column = NAMES.index(name)
        assert np.corrcoef(table[known, column], parsed_anew[known, column])[0, 1] > 0.97


@settings(max_examples=25, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=80))
def test_any_text_falls_into_parts_that_do_not_overlap(text: str) -> None:
    (parsed,) = annotate([text])
    end = 0
    for part in segments_of(parsed):
        assert end <= part.start < part.end <= len(parsed.text)
        end = part.end
    assert np.array_equal(measure_without(parsed), extract_linguistic([text])[0], equal_nan=True)
