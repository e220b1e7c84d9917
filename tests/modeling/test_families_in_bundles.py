"""Feature families through the ordinary training path: in the bundle, in its scores, and when a student is assessed."""

import json
import warnings
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from served_parts import bearer
from skillscope.assessment.assess import Computed, compute_assessments
from skillscope.assessment.families import family_columns, response_columns
from skillscope.assessment.ingest import add_responses, register_student
from skillscope.assessment.records import ResponseRecord
from skillscope.assessment.scoring import check_features, score_rows
from skillscope.datasets.io import read_dataset
from skillscope.datasets.ratings import import_ratings
from skillscope.errors import BundleError, ConfigurationError, SchemaError
from skillscope.features import FEATURE_NAMES
from skillscope.features.families import FamilySet
from skillscope.modeling.bundle import Bundle
from skillscope.modeling.prompts import Prompt, PromptBook, read_prompts
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.registry import load_champion
from skillscope.modeling.training import train_models
from skillscope.service.app import create_app
from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role
from skillscope.settings import Settings
from skillscope.store import make_engine, open_store

FAMILIES = ("reference_overlap.v1", "prompt_text.v1", "mental_states.v1")
GOOD = ("he thought it was her scarf", "because he thinks the scarf is hers", "she knew that he wanted to help")
BAD = ("to be funny", "i do not know", "because of the cat")
WHY = "Why did Simon lift the cat?"


def _ratings() -> pd.DataFrame:
    """Forty children answer two questions; at the second, what is good at the first is bad."""
    rows = []
    for child in range(40):
        for question in ("first", "second"):
            good = (child + len(question)) % 2 == 0
            said = (GOOD if good else BAD)[child % 3]
            score = good if question == "first" else not good
            words = ("then", "so", "maybe", "once", "really")[child % 5]
            rows.append((f"c{child}", question, 2 + child % 7, f"{said} {words} {child}", 2 * int(score)))
    return pd.DataFrame(rows, columns=["student", "scenario", "grade", "response", "empathy_score"])


@pytest.fixture(scope="module")
def rated(tmp_path_factory):
    """The dataset, and the CSV of its prompts."""
    folder = tmp_path_factory.mktemp("rated")
    _ratings().to_csv(folder / "ratings.csv", index=False)
    import_ratings(folder / "ratings.csv", folder / "rated.csv", high=2)
    prompts = [
        ("first", WHY, "he thought the cat was a scarf"),
        ("first", WHY, "by mistake"),
        ("second", "And then?", ""),
    ]
    pd.DataFrame(prompts, columns=["scenario", "prompt", "reference"]).to_csv(folder / "prompts.csv", index=False)
    return folder / "rated.csv", folder / "prompts.csv"


@pytest.fixture(scope="module")
def with_families(rated, home, quick, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    data, prompts = rated
    return train_models(
        data, folder, params=quick, families=FAMILIES, prompts=prompts, hold_out="student", settings=home,
        register=False,
    ).bundle  # fmt: skip


@pytest.fixture
def session(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'store.db'}")
    with open_store(engine).begin() as opened:
        yield opened
    engine.dispose()


def test_what_only_the_words_tell_is_learnt(with_families, rated, home, quick, tmp_path):
    plain = train_models(rated[0], tmp_path, params=quick, hold_out="student", settings=home, register=False).bundle
    assert with_families.record.skills["empathy"].metrics["r2"] > 0.6
    assert plain.record.skills["empathy"].metrics["r2"] < 0.3
    assert with_families.record.trained_on["held_out"] == "student"
    assert with_families.record.trained_on["groups"] == 40


def test_the_bundle_names_its_families_and_keeps_them(with_families):
    assert [family.key for family in with_families.record.families] == list(FAMILIES)
    assert set(with_families.record.files) >= {
        "families/prompts.json",
        "families/shared/families.json",
        "families/empathy/prompt_text.v1/models.npz",
    }
    assert with_families.columns[:29] == FEATURE_NAMES
    assert "empathy.prompt_text_score" in with_families.columns
    assert "prompt_text_score" in with_families.names("empathy")
    assert with_families.families.book.prompts["first"] == Prompt(WHY, ("he thought the cat was a scarf", "by mistake"))
    again = Bundle.load(with_families.path)
    rows = np.random.default_rng(0).normal(size=(20, len(again.columns)))
    assert np.array_equal(again.predict(rows), with_families.predict(rows), equal_nan=True)
    # A row of the 29 alone is one of which the families know nothing.
    rows[:, 29:] = np.nan
    assert np.array_equal(again.predict(rows), again.predict(rows[:, :29]), equal_nan=True)


def test_the_same_data_give_the_same_bytes(with_families, rated, home, quick, tmp_path):
    data, prompts = rated
    again = train_models(
        data, tmp_path, params=quick, families=FAMILIES, prompts=prompts, hold_out="student", settings=home,
        register=False,
    ).bundle  # fmt: skip
    assert again.record.files == with_families.record.files
    assert again.digest == with_families.digest


def test_serving_computes_what_training_computed(with_families, rated, session):
    frame = read_dataset(rated[0])
    fitted = with_families.families
    register_student(session, "s-1", 4)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    chosen = [0, 1, 5]
    add_responses(
        session,
        "s-1",
        [
            ResponseRecord(text=frame["response"][row], source=frame["source"][row], at=at + timedelta(minutes=number))
            for number, row in enumerate(chosen)
        ],
    )
    answers = fitted.book.answers(
        [frame["response"][row] for row in chosen],
        sources=[frame["source"][row] for row in chosen],
        linguistic=frame[list(FEATURE_NAMES[:16])].to_numpy(dtype=float)[chosen],
    )
    table = fitted.transform(answers)
    served = family_columns(session, with_families, 1, at=at + timedelta(days=1))
    with np.errstate(invalid="ignore"):
        wanted = [np.nanmean(column) if np.isfinite(column).any() else np.nan for column in table.T]
    assert np.allclose(served, wanted, rtol=1e-12, atol=0, equal_nan=True)
    assert np.isnan(table).any()
    assert np.isfinite(served).any()
    # The second time the columns come from memory: the same numbers.
    assert np.array_equal(family_columns(session, with_families, 1, at=at + timedelta(days=1)), served, equal_nan=True)


def test_one_answer_is_scored_as_a_row_of_the_dataset(with_families, rated, session):
    frame = read_dataset(rated[0])
    register_student(session, "s-1", 4)
    add_responses(session, "s-1", [ResponseRecord(text=frame["response"][4], source=frame["source"][4])])
    (outcome,) = compute_assessments(session, with_families, ["s-1"], evidence=True)
    assert isinstance(outcome, Computed)
    assessment = outcome.assessment
    features = frame[list(FEATURE_NAMES)].to_numpy(dtype=float)[4:5]
    said = [(frame["response"][4], None, frame["source"][4], tuple(features[0, :16]))]
    rows = np.hstack([features, response_columns(with_families, said)])
    assert assessment.scores[0].score == round(float(with_families.predict(rows)[0, 0]), 4)
    assert assessment.scores[0].score != round(float(with_families.predict(features)[0, 0]), 4)


def test_rows_by_hand_may_hold_the_columns_of_families(with_families, rated):
    rows = read_dataset(rated[0])[list(FEATURE_NAMES)].to_numpy(dtype=float)[:2]
    wide = with_families.widened(rows)
    column = with_families.columns.index("empathy.prompt_text_score")
    wide[1, column] = 1.0
    check_features(wide)
    scores = [of_row[0].score for of_row in score_rows(with_families, wide)]
    assert scores[0] == score_rows(with_families, rows)[0][0].score
    assert scores[1] != score_rows(with_families, rows)[1][0].score
    wide[1, column] = np.inf
    with pytest.raises(SchemaError, match="a column of a feature family is any finite number"):
        check_features(wide)
    with pytest.raises(SchemaError, match=rf"shape \(n, 29\) or \(n, {wide.shape[1]}\), not \(2, 30\)"):
        with_families.predict(wide[:, :30])


def test_the_service_assesses_with_families(with_families, rated, tmp_path):
    frame = read_dataset(rated[0])
    settings = Settings(data_dir=tmp_path / "data", database_url=None)
    runtime = Runtime(settings, lambda _settings: with_families)
    features = {name: float(frame[name][4]) for name in FEATURE_NAMES[:16] if np.isfinite(frame[name][4])}
    with TestClient(create_app(runtime)) as api:
        api.headers.update(bearer(settings, Role.ADMIN))
        said = {"text": frame["response"][4], "source": frame["source"][4]}
        assert api.post("/api/v1/students", json={"student_id": "s-1", "grade": 4}).status_code == 201
        assert api.post("/api/v1/students/s-1/responses", json={"responses": [said]}).status_code == 201
        assessed = api.post("/api/v1/inference/student/s-1?evidence=true").json()["scores"][0]
        column = response_columns(
            with_families, [(said["text"], None, said["source"], tuple(features[name] for name in FEATURE_NAMES[:16]))]
        )[0]
        named = dict(zip(with_families.columns[29:], column.tolist(), strict=True))
        known = {name: value for name, value in named.items() if np.isfinite(value)}
        rows = [features | known, features]
        whole, bare = api.post("/api/v1/inference/features", json={"rows": rows}).json()["results"]
        assert whole["scores"][0]["score"] == assessed["score"]
        assert bare["scores"][0]["score"] != assessed["score"]
        refused = api.post("/api/v1/inference/features", json={"rows": [features | {"prompt_text_score": 1.0}]})
        assert refused.status_code == 422  # a skill's own column is named with the skill


def test_mlflow_keeps_families_too(rated, home, quick, tmp_path):
    own = home.model_copy(update={"data_dir": tmp_path / "data", "models_dir": tmp_path / "models"})
    recipe = Recipe(params=quick, families=FamilySet.of(["prompt_text.v1"]))
    made = train_models(rated[0], own.models_dir, recipe=recipe, hold_out="student", settings=own)
    champion = load_champion(own.model_copy(update={"model_source": "mlflow"}))
    assert champion.version == made.bundle.version
    assert champion.columns == made.bundle.columns
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow warns about its own type hints when it is imported
        import mlflow

        model = mlflow.pyfunc.load_model("models:/skillscope@champion")
    assert [column.name for column in model.metadata.signature.inputs] == list(champion.columns)


def test_a_prompt_is_known_by_its_text_or_its_scenario():
    book = PromptBook({"first": Prompt(WHY, ("a scarf",))})
    assert book.find("human:c1/first", None) == "first"
    assert book.find(None, "  why did Simon  lift the CAT? ") == "first"
    assert book.find(None, "why?") == book.find(None, None) == ""
    answers = book.answers(["x", "y"], sources=["human:first", None], prompts=["Said otherwise?", None])
    assert list(answers.prompts) == ["Said otherwise?", ""]
    assert list(answers.references) == [("a scarf",), ()]


def test_a_bundle_with_a_family_that_is_not_here_is_refused(with_families, tmp_path):
    import shutil

    path = tmp_path / "skillscope"
    shutil.copytree(with_families.path, path)
    record = json.loads((path / "bundle.json").read_text())
    for changes, says in (
        (
            {"key": "prompt_text.v9"},
            r"a feature family that this version has not.*no feature family 'prompt_text.v9'",
        ),
        ({"columns": ["other"]}, r"has other columns for prompt_text\.v1 than this version"),
    ):
        families = [*record["families"][:1], record["families"][1] | changes, *record["families"][2:]]
        (path / "bundle.json").write_text(json.dumps(record | {"families": families}))
        with pytest.raises(BundleError, match=says):
            Bundle.load(path)
    (path / "bundle.json").write_text(json.dumps(record))
    (path / "families" / "prompts.json").write_text("{}")
    with pytest.raises(BundleError, match=r"prompts\.json is not the file that bundle\.json describes"):
        Bundle.load(path)


def test_students_and_scenarios_that_join_everything_must_be_chosen_between(rated, home, quick, tmp_path):
    with pytest.raises(SchemaError, match="hold out either"):
        train_models(rated[0], tmp_path, params=quick, settings=home, register=False)
    with pytest.raises(SchemaError, match="from 3 scenarios or students are needed"):
        train_models(rated[0], tmp_path, params=quick, hold_out="scenario", settings=home, register=False)
    with pytest.raises(ConfigurationError, match="no feature family"):
        train_models(rated[0], tmp_path, families=["glove.v1"], settings=home)


def test_prompts_that_are_none(tmp_path):
    path = tmp_path / "prompts.csv"
    for text, says in (
        ("scenario,prompt\na,b\n", "must have the columns scenario, prompt, reference"),
        ("scenario,prompt,reference\n,b,c\n", "row 1 names no scenario"),
        ("scenario,prompt,reference\na,b,c\na,d,e\n", "row 2 gives a scenario a second prompt"),
    ):
        path.write_text(text)
        with pytest.raises(SchemaError, match=says):
            read_prompts(path)


def test_mind_ca_through_the_ordinary_path(shared_data, home, tmp_path):
    """Real answers of 40 children: how well the words tell a known question's rating, on children not seen."""
    path = shared_data / "real" / "mind-ca" / "dev.csv"
    if not path.exists():
        pytest.skip("MIND-CA not found in the shared data")
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame = frame[frame["child_id"].isin(frame["child_id"].drop_duplicates()[:40])]
    columns = {"child_id": "student", "question": "scenario", "answer": "response", "score": "empathy_score"}
    frame["grade"] = (frame["age"].astype(int) - 5).clip(2, 8)
    frame.rename(columns=columns)[["student", "scenario", "grade", "response", "empathy_score"]].to_csv(
        tmp_path / "ratings.csv", index=False
    )
    import_ratings(tmp_path / "ratings.csv", tmp_path / "mind-ca.csv", high=2)
    figures = {}
    for keys in ((), ("reference_overlap.v1", "prompt_text.v1")):
        recipe = Recipe(families=FamilySet.of(keys))
        result = train_models(
            tmp_path / "mind-ca.csv", tmp_path, recipe=recipe, hold_out="student", settings=home, register=False
        )
        assert result.bundle.label_source == "human"
        figures[keys] = result.metrics["empathy"]["r"]
    assert figures["reference_overlap.v1", "prompt_text.v1"] > figures[()] + 0.1
