"""The champion through a real MLflow SQLite store, BentoML's model store and the bundle folder."""

import os
import subprocess
import sys

import numpy as np
import pytest

from skillscope.errors import BundleError, NotFoundError
from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.registry import load_champion
from skillscope.modeling.tracking import CHAMPION, EXPERIMENT, mlflow_client
from skillscope.settings import Settings
from skillscope.skills import SCORE_COLUMNS


def settings_of(home, **changes) -> Settings:
    return home.model_copy(update=changes)


def test_the_run_holds_what_the_design_asks_for(trained, home):
    client = mlflow_client(home)
    run = client.get_run(trained.registration.run_id)
    assert run.data.params["max_depth"] == "6"
    assert run.data.params["label_source"] == "simulated"
    for skill, figures in trained.metrics.items():
        for name, value in figures.items():
            assert run.data.metrics[f"{skill}_{name}"] == pytest.approx(value)
    files = {file.path for file in client.list_artifacts(run.info.run_id, "figures")}
    assert files == {"figures/predicted-vs-actual.png", "figures/feature-importance.png"}
    dataset = run.inputs.dataset_inputs[0].dataset
    assert dataset.digest == trained.bundle.record.trained_on["sha256"][:16]
    assert str(home.data_dir.parent) not in dataset.source
    assert client.get_experiment_by_name(EXPERIMENT).artifact_location.endswith("data/mlartifacts")


def test_the_champion_is_the_bundle_that_was_trained(trained, home):
    champion = load_champion(settings_of(home, model_source="mlflow"))
    assert champion.version == trained.bundle.version
    found = mlflow_client(home).get_model_version_by_alias("skillscope", CHAMPION)
    assert str(found.version) == trained.registration.model_version


def test_mlflow_loads_the_model_with_its_signature(trained, home, training_set):
    import warnings

    from skillscope.datasets.io import read_dataset

    mlflow_client(home)
    rows = read_dataset(training_set)[list(FEATURE_NAMES)].head(5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow warns about its own type hints when it is imported
        import mlflow

        model = mlflow.pyfunc.load_model("models:/skillscope@champion")
        scores = model.predict(rows)
    assert list(scores.columns) == list(SCORE_COLUMNS)
    assert np.array_equal(scores.to_numpy(), trained.bundle.predict(rows.to_numpy()))
    assert [column.name for column in model.metadata.signature.inputs] == list(FEATURE_NAMES)


def test_the_bundle_folder_serves_where_nothing_else_is(trained, home, tmp_path):
    bare = settings_of(home, data_dir=tmp_path, model_source="bundle")
    assert load_champion(bare).version == trained.bundle.version
    assert not (tmp_path / "mlflow.db").exists()


def test_no_model_is_an_error_that_says_how_to_get_one(home, tmp_path):
    empty = settings_of(home, data_dir=tmp_path / "data", models_dir=tmp_path / "models", model_source="mlflow")
    with pytest.raises(NotFoundError, match="no trained model in mlflow; train one: skillscope data generate"):
        load_champion(empty)
    assert list(tmp_path.iterdir()) == []


def test_a_corrupt_bundle_is_not_passed_over(home, bundle_copy):
    (bundle_copy / "resilience.ubj").write_bytes(b"")
    with pytest.raises(BundleError, match="resilience"):
        load_champion(settings_of(home, models_dir=bundle_copy.parent, model_source="bundle"))


def test_bentoml_keeps_the_bundle(trained, tmp_path):
    """In a process of its own: BentoML reads where its store is once, at import."""
    code = (
        "import sys; from pathlib import Path\n"
        "from skillscope.modeling.bundle import Bundle\n"
        "from skillscope.modeling.registry import export_to_bento, load_champion\n"
        "from skillscope.settings import Settings\n"
        "tag = export_to_bento(Bundle.load(Path(sys.argv[1])))\n"
        "assert tag == export_to_bento(Bundle.load(Path(sys.argv[1])))\n"
        "print(tag, load_champion(Settings(model_source='bentoml')).version)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(trained.bundle.path)],
        env={**os.environ, "BENTOML_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tag, version = done.stdout.split()
    assert tag == f"skillscope:{trained.bundle.digest[:16]}"
    assert version == trained.bundle.version
