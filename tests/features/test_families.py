"""The mechanism: names, needs, folds, no leakage, and what is kept on disk."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skillscope.errors import BundleError, ConfigurationError, FileError, SchemaError, TextError
from skillscope.features import FEATURE_NAMES
from skillscope.features.families import (
    Answers,
    FamilySet,
    FittedFamilies,
    Need,
    family_keys,
    find_family,
    register_family,
)
from skillscope.features.families.mental_states import GROUPS, MentalStates, count_groups, load_groups
from skillscope.features.families.prompt_text import PromptText

GOOD = ["he thought it was her scarf", "because he thinks it is a scarf", "she knew it was the scarf"]
BAD = ["to be funny", "i do not know", "because of the cat"]
TEXTS = [f"{text} {word}" for word in ("really", "maybe", "once", "so", "then") for text in (*GOOD, *BAD)]
ALL = ("reference_overlap.v1", "prompt_text.v1", "mental_states.v1", "prompt_pool.v1", "word_vectors.v1")


def _answers() -> Answers:
    """30 answers to each of two prompts; at the second, what is good at the first is bad."""
    right = np.array([float(text.startswith(tuple(GOOD))) * 2.0 for text in TEXTS])
    generator = np.random.default_rng(0)
    return Answers(
        [*TEXTS, *TEXTS],
        prompt_ids=["first"] * 30 + ["second"] * 30,
        prompts=["why did he lift the cat?"] * 60,
        references=[["he thought the cat was a scarf"]] * 60,
        scores=np.concatenate([right, 2.0 - right]),
        linguistic=generator.normal(size=(60, 16)),
    )


def _folds() -> np.ndarray:
    return np.arange(60) // 6 % 5


def test_the_families_that_ship() -> None:
    assert set(ALL) <= set(family_keys())
    for key in ALL:
        family = find_family(key)
        assert family.key == key
        assert not set(family.columns) & set(FEATURE_NAMES)
    assert find_family("prompt_text.v1").needs == {Need.PROMPT_ID, Need.SCORES}
    assert len(set(FamilySet.of(ALL).columns)) == len(FamilySet.of(ALL).columns)


def test_unknown_and_doubled_names_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"no feature family 'glove.v1'; choose from .*prompt_text.v1"):
        FamilySet.of(["glove.v1"])
    with pytest.raises(ConfigurationError, match="named twice"):
        FamilySet.of(["prompt_text.v1", "prompt_text.v1"])
    with pytest.raises(ConfigurationError, match="registered already"):
        register_family(MentalStates())


def test_a_column_of_the_29_cannot_be_taken() -> None:
    class Thief(MentalStates):
        name = "thief"
        columns = ("word_count",)

    with pytest.raises(ConfigurationError, match="word_count"):
        register_family(Thief())
    assert "thief.v1" not in family_keys()


def test_a_prompts_own_model_learns_what_is_good_there() -> None:
    answers = _answers()
    fitted = find_family("prompt_text.v1").fit(answers)
    asked = Answers(["he thinks the cat is a scarf"] * 2, prompt_ids=["first", "second"])
    score, lowest, highest, mean, _ = fitted.transform(asked).T
    assert score[0] > 1.5
    assert score[1] < 0.5
    assert lowest[0] < 0.2
    assert highest[0] > 0.8
    assert mean.tolist() == pytest.approx([1.0, 1.0])


def test_a_prompt_never_seen_is_nan() -> None:
    families = FamilySet.of(["prompt_text.v1", "prompt_pool.v1"]).fit(_answers())
    table = families.transform(Answers(["he thought it was a scarf"] * 2, prompt_ids=["third", ""]))
    known = ~np.isnan(table)
    assert [families.columns[column] for column in np.flatnonzero(known.any(axis=0))] == ["prompt_text_general"]
    assert known[:, families.columns.index("prompt_text_general")].all()


def test_the_general_model_can_be_had_alone() -> None:
    answers = _answers()
    asked = Answers(["he thinks the cat is a scarf", "because it is"], prompt_ids=["first", "third"])
    alone = PromptText().fit_general(answers).transform(asked)
    whole = PromptText().fit(answers).transform(asked)
    assert np.isnan(alone[:, :3]).all()
    assert np.array_equal(alone[:, 3:], whole[:, 3:], equal_nan=True)


def test_too_few_ratings_make_no_model() -> None:
    answers = _answers()
    few = answers.take(np.r_[0:19, 30:60])
    table = find_family("prompt_text.v1").fit(few).transform(answers)
    assert np.isnan(table[:30, 0]).all()
    assert not np.isnan(table[:30, 3]).any()  # the mean rating is known, drawn towards that of all
    assert not np.isnan(table[30:, 0]).any()


def test_held_out_ratings_change_nothing() -> None:
    answers = _answers()
    train, held = np.arange(0, 60, 2), np.arange(1, 60, 2)
    shuffled = answers.scores.copy()
    shuffled[held] = np.random.default_rng(1).permutation(shuffled[held])
    tables = []
    for scores in (answers.scores, shuffled):
        some = replace(answers, scores=scores)
        tables.append(FamilySet.of(ALL).fit(some.take(train)).transform(some.take(held)))
    assert np.array_equal(tables[0], tables[1], equal_nan=True)


def test_out_of_fold_columns_do_not_see_their_own_rating() -> None:
    answers, folds = _answers(), _folds()
    families = FamilySet.of(["prompt_text.v1"])
    fitted, own = families.fit_transform(answers, folds)
    assert not np.allclose(own, fitted.transform(answers))
    changed = answers.scores.copy()
    held = folds == 0
    changed[held] = 2.0 - changed[held]
    _, other = families.fit_transform(replace(answers, scores=changed), folds)
    assert np.array_equal(own[held], other[held])
    assert not np.allclose(own[~held], other[~held])


def test_out_of_fold_equals_a_fit_without_the_fold() -> None:
    answers, folds = _answers(), _folds()
    family = find_family("prompt_text.v1")
    own = family.out_of_fold(answers, folds, family.fit(answers))
    for fold in range(5):
        held = np.flatnonzero(folds == fold)
        plain = family.fit(answers.take(np.flatnonzero(folds != fold))).transform(answers.take(held))
        np.testing.assert_allclose(own[held], plain, rtol=0, atol=1e-9)


def test_unrated_rows_are_left_out_of_the_fit() -> None:
    answers = _answers()
    scores = answers.scores.copy()
    scores[50:] = np.nan
    family = find_family("prompt_text.v1")
    one = family.fit(replace(answers, scores=scores)).transform(answers)
    other = family.fit(answers.take(np.arange(50))).transform(answers)
    assert np.array_equal(one, other)


def test_a_row_depends_on_itself_alone() -> None:
    answers = _answers()
    fitted = FamilySet.of(ALL).fit(answers)
    whole = fitted.transform(answers)
    order = np.random.default_rng(2).permutation(60)
    assert np.array_equal(fitted.transform(answers.take(order)), whole[order], equal_nan=True)
    single = np.vstack([fitted.transform(answers.take(np.array([row]))) for row in (0, 31)])
    np.testing.assert_allclose(single, whole[[0, 31]], rtol=0, atol=1e-12)


def test_saved_and_loaded_to_the_last_bit(tmp_path: Path) -> None:
    answers = _answers()
    fitted = FamilySet.of(ALL).fit(answers)
    fitted.save(tmp_path / "families")
    loaded = FittedFamilies.load(tmp_path / "families")
    assert loaded.keys == ALL
    assert loaded.columns == fitted.columns
    assert np.array_equal(loaded.transform(answers), fitted.transform(answers), equal_nan=True)
    FamilySet.of(ALL).fit(answers).save(tmp_path / "again")
    files = sorted(path.relative_to(tmp_path / "again") for path in (tmp_path / "again").rglob("*") if path.is_file())
    assert all(
        (tmp_path / "again" / name).read_bytes() == (tmp_path / "families" / name).read_bytes() for name in files
    )


def test_a_continuum_of_ratings_is_a_ridge(tmp_path: Path) -> None:
    answers = _answers()
    scores = answers.scores + np.linspace(0.0, 0.3, 60)
    fitted = FamilySet.of(["prompt_text.v1"]).fit(replace(answers, scores=scores))
    table = fitted.transform(answers)
    assert np.isnan(table[:, 1:3]).all()
    assert np.corrcoef(table[:30, 0], scores[:30])[0, 1] > 0.9
    fitted.save(tmp_path / "families")
    assert np.array_equal(FittedFamilies.load(tmp_path / "families").transform(answers), table, equal_nan=True)


def test_damage_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "families"
    FamilySet.of(["prompt_text.v1"]).fit(_answers()).save(folder)
    with pytest.raises(FileError, match="exists already"):
        FamilySet.of([]).fit(_answers()).save(folder)
    record = json.loads((folder / "families.json").read_text())
    (folder / "families.json").write_text(json.dumps({**record, "format": 9}))
    with pytest.raises(BundleError, match="format 1"):
        FittedFamilies.load(folder)
    record["families"][0]["key"] = "prompt_text.v9"
    (folder / "families.json").write_text(json.dumps(record))
    with pytest.raises(BundleError, match=r"prompt_text\.v9"):
        FittedFamilies.load(folder)
    (folder / "prompt_text.v1" / "models.npz").write_bytes(b"PK")
    with pytest.raises(BundleError, match="sha256"):
        FittedFamilies.load(folder)
    with pytest.raises(BundleError, match="cannot be read"):
        FittedFamilies.load(tmp_path / "nowhere")


def test_answers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(SchemaError, match="prompt_ids has 1 rows, the texts have 2"):
        Answers(["a", "b"], prompt_ids=["x"])
    with pytest.raises(SchemaError, match="finite"):
        Answers(["a"], scores=np.array([np.inf]))
    with pytest.raises(SchemaError, match="shape"):
        Answers(["a"], linguistic=np.zeros((1, 3)))
    with pytest.raises(TextError):
        Answers(["a" * 20_001])
    with pytest.raises(SchemaError, match="2 rated"):
        find_family("prompt_text.v1").fit(Answers(["a", "b"]))
    with pytest.raises(SchemaError, match="which prompt"):
        find_family("prompt_pool.v1").fit(Answers(["a", "b"]))


def test_no_rows_give_no_rows() -> None:
    fitted = FamilySet.of(ALL).fit(_answers())
    assert fitted.transform(Answers([])).shape == (0, len(fitted.columns))


def test_mental_states_counted_by_hand() -> None:
    assert tuple(load_groups()) == GROUPS
    counts = dict(zip(GROUPS, count_groups("He thought that she didn't know, because he lied"), strict=False))
    found = {name: count for name, count in counts.items() if count}
    assert found == {
        "think": 1.0,
        "know": 1.0,
        "deceive": 1.0,
        "reason": 1.0,
        "that": 1.0,
        "not": 1.0,
        "others": 3.0,
        "other_thinks": 1.0,
        "not_knowing": 1.0,
        "thinks_that": 1.0,
    }
    assert count_groups("")[len(GROUPS)] != count_groups("")[len(GROUPS)]  # a share of no words is NaN


def test_standing_in_the_pool() -> None:
    answers = _answers()
    fitted = find_family("prompt_pool.v1").fit(answers.unrated())
    table = fitted.transform(answers)
    np.testing.assert_allclose(table[:30].mean(axis=0), 0.0, atol=1e-9)
    spread = table[:30].std(axis=0)
    assert np.all(np.isclose(spread, 1.0) | np.isclose(spread, 0.0))
    names = find_family("prompt_pool.v1").columns
    usual, odd = fitted.transform(
        Answers(
            ["because he thought it was her scarf", "purple elephants everywhere"],
            prompt_ids=["first", "first"],
            linguistic=np.zeros((2, 16)),
        )
    )[:, names.index("relative_typical_wording")]
    assert usual > odd
