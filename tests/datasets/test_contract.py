import numpy as np
import pandas as pd
import pytest

from skillscope.datasets.contract import COLUMNS, DesignCheck, check_rows, scenario_of, validate_dataset
from skillscope.errors import SchemaError
from skillscope.features.schema import FEATURE_NAMES


def test_the_columns_are_those_of_the_contract():
    assert len(COLUMNS) == 38
    assert COLUMNS[:5] == ("response", "skill", "skill_level", "grade", "source")
    assert COLUMNS[5:34] == FEATURE_NAMES
    assert COLUMNS[34:] == ("empathy_score", "problem_solving_score", "self_regulation_score", "resilience_score")


def test_a_generated_set_fulfils_the_contract(frame):
    validate_dataset(frame)
    assert len(frame) == 84
    assert not frame.isna().any().any()
    assert frame["response"].is_unique


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("response", " \n", "response must hold a text"),
        ("skill", "sympathy", "skill must be one of empathy, problem_solving, self_regulation, resilience"),
        ("skill_level", "low", "skill_level must be one of developing, medium, high"),
        ("grade", 9, "grade must be a whole number 2 to 8"),
        ("source", "template", "source must be <kind>:<scenario>"),
        ("empathy_markers", 1.2, "empathy_markers must be 1 or less"),
        ("word_count", -1.0, "word_count must be 0 or more"),
        ("readability_score", np.inf, "readability_score must be finite"),
        ("focus_duration", np.nan, "focus_duration must not be empty"),
        ("resilience_score", 1.01, "resilience_score must be 0 to 1"),
        ("resilience_score", np.nan, "resilience_score must not be empty"),
    ],
)
def test_a_broken_cell_is_named_by_row_and_column(frame, column, value, says):
    frame.loc[6, column] = value
    with pytest.raises(SchemaError, match=r"row 7$") as caught:
        validate_dataset(frame)
    assert says in str(caught.value)
    assert caught.value.field == column


def test_every_broken_cell_is_named_and_long_lists_are_cut(frame):
    frame.loc[[0, 2], "grade"] = 12
    frame["empathy_score"] = 2.0
    with pytest.raises(SchemaError) as caught:
        validate_dataset(frame)
    assert "grade must be a whole number 2 to 8: rows 1, 3" in str(caught.value)
    assert "empathy_score must be 0 to 1: rows 1, 2, 3, 4, 5 and 79 more" in str(caught.value)


def test_no_text_is_quoted_in_an_error(frame):
    frame.loc[3, ["response", "grade"]] = ["my name is Zebulon", 1]
    with pytest.raises(SchemaError) as caught:
        validate_dataset(frame)
    assert "Zebulon" not in str(caught.value)


def test_wrong_columns_are_told_apart(frame):
    with pytest.raises(SchemaError, match="missing: grade; not known: class"):
        validate_dataset(frame.rename(columns={"grade": "class"}))
    swapped = [*COLUMNS[:1], COLUMNS[2], COLUMNS[1], *COLUMNS[3:]]
    with pytest.raises(SchemaError, match="column 2 is skill_level, expected skill"):
        validate_dataset(frame[swapped])
    with pytest.raises(SchemaError, match="no rows"):
        validate_dataset(frame.head(0))


def test_a_column_of_the_wrong_type_is_named(frame):
    with pytest.raises(SchemaError, match="word_count"):
        validate_dataset(frame.assign(word_count=frame["word_count"].astype(str)))


def test_an_unbalanced_set_names_both_cells(frame):
    cell = (frame["skill"] == "empathy") & (frame["skill_level"] == "high") & (frame["grade"] == 4)
    uneven = pd.concat([frame[~cell], frame[~cell].head(1)], ignore_index=True)
    with pytest.raises(SchemaError, match=r"2 rows of .* but 0 of empathy/high/4"):
        validate_dataset(uneven)


def test_scores_that_fall_with_the_level_are_refused(frame):
    rows = frame["skill"] == "resilience"
    frame.loc[rows, "resilience_score"] = 1.0 - frame.loc[rows, "resilience_score"]
    with pytest.raises(SchemaError, match="resilience_score does not rise with skill_level: mean") as caught:
        validate_dataset(frame)
    assert caught.value.field == "resilience_score"


def test_too_few_rows_to_compare_are_not_compared():
    rows = [("empathy", "developing", 2, 0.9)] * 4 + [("empathy", "medium", 3, 0.1)] * 4
    design = DesignCheck()
    design.add(pd.DataFrame(rows, columns=["skill", "skill_level", "grade", "empathy_score"]))
    design.check_rising()
    design.add(pd.DataFrame(rows, columns=["skill", "skill_level", "grade", "empathy_score"]))
    with pytest.raises(SchemaError, match=r"mean 0\.900 for developing but 0\.100 for medium"):
        design.check_rising()


def test_real_rows_may_leave_things_out(frame):
    real = frame.head(3).copy()
    real[["skill", "skill_level"]] = ""
    real[[*FEATURE_NAMES, "empathy_score"]] = np.nan
    validate_dataset(real, generated=False)
    with pytest.raises(SchemaError, match="skill must be one of"):
        check_rows(real, complete=True)


@pytest.mark.parametrize(
    ("source", "scenario"),
    [
        ("template:lost-library-book", "lost-library-book"),
        ("openai:gpt-4o-mini/lost-library-book", "lost-library-book"),
        ("human:mind-ca/SS_Brian", "SS_Brian"),
    ],
)
def test_the_scenario_of_a_source(source, scenario):
    assert scenario_of(source) == scenario
