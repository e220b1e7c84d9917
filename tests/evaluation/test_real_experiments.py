"""The experiments on made-up answers whose result is known, and on a slice of the real data where they are."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from skillscope.cli.realdata import app
from skillscope.errors import FileError, SchemaError
from skillscope.evaluation.real.data import (
    RealData,
    load_empathic_reactions,
    load_mind_ca,
    load_scientsbank,
)
from skillscope.evaluation.real.experiments import cross_validate, mind_ca, scientsbank
from skillscope.evaluation.real.predictors import (
    Predicted,
    age_line,
    best_cuts,
    boosted,
    classes_of,
    length_line,
    mean_score,
    own_model,
    people_folds,
    tfidf,
)
from skillscope.evaluation.real.report import render_report, write_report
from skillscope.evaluation.real.stacked import blended, never_seen
from skillscope.evaluation.real.tables import Experiment, measure
from skillscope.features import LINGUISTIC
from skillscope.features.families import Answers

WORDS = [item.name for item in LINGUISTIC].index("word_count")
ENDS = ("today", "again", "there", "then", "maybe")


def _made_up(people: int = 30) -> RealData:
    """Each person answers three prompts; an answer that tells a thought is right at each of them."""
    texts, prompts, scores, who, lengths = [], [], [], [], []
    for person in range(people):
        for number, thing in enumerate(("scarf", "robber", "paddle")):
            right = (person + number) % 3
            text = (f"i like the {thing}", f"because of the {thing}", f"he thinks that it is the {thing}")[right]
            texts.append(f"{text} {ENDS[(person * 3 + number) % 5]}")
            prompts.append(f"prompt {number}")
            scores.append(float(right))
            who.append(f"person {person}")
            lengths.append(len(texts[-1].split()))
    linguistic = np.zeros((len(texts), len(LINGUISTIC)))
    linguistic[:, WORDS] = lengths
    answers = Answers(texts, prompt_ids=prompts, scores=np.array(scores), linguistic=linguistic)
    return RealData(answers, who, np.linspace(7.0, 14.0, len(texts)))


def test_classes_by_nearest_rating_and_by_cut_points() -> None:
    ratings = np.array([0.0, 1.0, 2.0])
    assert classes_of(np.array([-3.0, 0.4, 0.6, 9.0]), ratings).tolist() == [0.0, 0.0, 1.0, 2.0]
    assert classes_of(np.array([0.2, 0.3, 0.6]), ratings, np.array([0.25, 0.5])).tolist() == [0.0, 1.0, 2.0]


def test_cut_points_follow_scores_that_are_drawn_to_the_middle() -> None:
    truth = np.repeat([0.0, 1.0, 2.0], 50)
    scores = 0.8 + 0.2 * truth + np.tile(np.linspace(-0.05, 0.05, 50), 3)
    cuts = best_cuts(scores, truth, np.unique(truth))
    assert 0.85 <= cuts[0] <= 0.95
    assert 1.05 <= cuts[1] <= 1.15
    assert (classes_of(scores, np.unique(truth), cuts) == truth).mean() > 0.97


def test_folds_keep_people_whole() -> None:
    data = _made_up()
    folds = people_folds(data, count=4)
    by_person = {person: set(folds[np.array(data.people) == person].tolist()) for person in data.people}
    assert all(len(found) == 1 for found in by_person.values())
    assert sorted(set(folds.tolist())) == [0, 1, 2, 3]
    nobody = RealData(data.answers, [""] * len(data), data.age)
    assert sorted(np.bincount(people_folds(nobody, count=4)).tolist()) == [22, 22, 23, 23]


def test_every_row_is_held_out_once_and_its_rating_is_not_shown() -> None:
    data = _made_up()
    seen: list[int] = []

    def spy(train: RealData, test: RealData) -> Predicted:
        assert test.answers.scores is None
        assert not set(train.people) & set(test.people)
        seen.append(len(test))
        return mean_score(train, test)

    found = cross_validate(data, people_folds(data, count=4), {"spy": spy})["spy"]
    assert sum(seen) == len(data)
    assert not np.isnan(found.scores).any()


def test_held_out_ratings_change_no_prediction() -> None:
    data = _made_up()
    rows = np.arange(len(data))
    train, test = data.take(rows[:60]), data.take(rows[60:])
    other = RealData(
        Answers(
            test.answers.texts,
            prompt_ids=test.answers.prompt_ids,
            scores=test.scores[::-1].copy(),
            linguistic=test.answers.linguistic,
        ),
        test.people,
        test.age,
    )
    for predictor in (boosted(["prompt_text.v1"]), blended(["mental_states.v1"], others=True), own_model):
        one, two = predictor(train, test), predictor(train, other)
        assert np.array_equal(one.scores, two.scores)
        assert np.array_equal(one.classes, two.classes)


def test_predictors_find_what_there_is_to_find() -> None:
    data = _made_up()
    predictors = {
        "mean": mean_score,
        "length": length_line,
        "age": age_line,
        "tfidf": tfidf,
        "29": boosted(),
        "own": own_model,
        "families": boosted(["prompt_text.v1"]),
        "blended": blended(),
    }
    found = cross_validate(data, people_folds(data, count=4), predictors)
    rows = {row.name: row for row in measure(data.scores, found, groups=data.people, resamples=50)}
    assert np.isnan(rows["mean"].r.value)
    assert rows["mean"].accuracy.value == pytest.approx(1 / 3, abs=0.1)
    assert np.isnan(rows["age"].r.value)  # it says nothing here, so the line is flat
    assert rows["length"].r.value > 0.8  # the longest answers are the right ones here
    assert rows["29"].r.value > 0.8  # they see the length and no word
    for name in ("tfidf", "own", "families", "blended"):
        assert rows[name].r.value > 0.9, name
        assert rows[name].accuracy.value > 0.9, name
        assert rows[name].r.low <= rows[name].r.value <= rows[name].r.high
    assert rows["families"].mae.value < rows["length"].mae.value


def test_a_prompt_never_seen_is_put_in_order() -> None:
    data = _made_up(120)
    found = cross_validate(data, data.prompts, {"never": never_seen})
    row = measure(data.scores, found, groups=data.people, prompts=data.prompts, resamples=20)[0]
    assert row.within is not None
    assert row.within > 0.8
    assert set(found["never"].classes.tolist()) <= {0.0, 1.0, 2.0}


def test_the_table_and_the_page() -> None:
    truth = np.array([0.0, 1.0, 2.0, 2.0])
    rows = measure(truth, {"right": Predicted(truth, truth), "mean": Predicted(np.full(4, 1.25), np.ones(4))})
    experiment = Experiment("Title", "Design.", "skillscope x", rows, "Meaning.", ("A note.",))
    text = experiment.markdown()
    assert "| right | 1.000 [1.000, 1.000] |" in text
    assert "| mean | – |" in text
    assert experiment.row("right").mae.value == 0.0
    for part in ("## Title", "Design.", "**What it means.** Meaning.", "A note.", "Command: `skillscope x`"):
        assert part in text
    assert "No champion bundle" in render_report([experiment], champion=False)
    assert "No champion bundle" not in render_report([experiment], champion=True)


def test_missing_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="mind-ca"):
        load_mind_ca(tmp_path)
    (tmp_path / "mind-ca").mkdir()
    path = tmp_path / "mind-ca" / "dev.csv"
    path.write_text("child_id,answer,score,age\n1,yes,1,9\n")
    with pytest.raises(SchemaError, match="lacks the columns question"):
        load_mind_ca(tmp_path)
    path.write_text("child_id,answer,score,age,question\n1,yes,high,9,q\n")
    with pytest.raises(SchemaError, match=r"row 2: score is no number"):
        load_mind_ca(tmp_path)
    with pytest.raises(FileError):
        write_report(tmp_path / "page.md", tmp_path / "nowhere")
    assert not (tmp_path / "page.md").exists()


@pytest.mark.parametrize("name", ["scientsbank", "mind-ca", "empathic-reactions", "justhink"])
def test_the_commands_say_which_data_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("skillscope.cli.realdata._champion", lambda: None)
    result = CliRunner().invoke(app, [name, "--folder", str(tmp_path), "--simulated", "0"])
    assert isinstance(result.exception, FileError)
    assert str(tmp_path) in str(result.exception)


@pytest.fixture(scope="module")
def real_data(shared_data: Path) -> Path:
    """The folder of the real data sets."""
    return shared_data / "real"


def test_mind_ca_on_a_slice(real_data: Path) -> None:
    known, unseen = mind_ca(real_data, rows=450, folds=3, resamples=20)
    assert known.row("with families").r.value > known.row("29 features only").r.value + 0.1
    assert known.row("with families").r.value > 0.7
    assert unseen.row("with families").within > unseen.row("29 features only").within
    assert "What it means" in known.markdown()


def test_scientsbank_on_a_slice(real_data: Path, tmp_path: Path) -> None:
    for part in ("train", "test-unseen-answers"):
        lines = (real_data / "scientsbank" / f"{part}.csv").read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines[1:] if line.startswith("EM_")]
        (tmp_path / "scientsbank").mkdir(exist_ok=True)
        (tmp_path / "scientsbank" / f"{part}.csv").write_text("\n".join([lines[0], *kept]), encoding="utf-8")
    experiment = scientsbank(tmp_path)[0]
    assert experiment.row("with families").accuracy.value > experiment.row("mean").accuracy.value + 0.1


def test_loaders(real_data: Path, tmp_path: Path) -> None:
    (tmp_path / "empathic-reactions").mkdir()
    lines = (real_data / "empathic-reactions" / "dev.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "empathic-reactions" / "dev.csv").write_text("\n".join(lines[:101]), encoding="utf-8")
    empathic = load_empathic_reactions(tmp_path)
    assert len(empathic) == 100
    assert len(set(empathic.people)) == 20  # five texts each
    assert empathic.scores.min() >= 1.0
    assert empathic.scores.max() <= 7.0
    science = load_scientsbank("test-unseen-answers", real_data)
    assert len(science) == 540
    assert set(science.scores.tolist()) == {0.0, 1.0}
    assert science.linguistic.shape == (540, 16)
