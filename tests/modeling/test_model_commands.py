"""The commands on models and mixed training sets, as a user starts them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillscope.cli.models import app
from skillscope.datasets.contract import COLUMNS
from skillscope.datasets.io import read_dataset, write_frame
from skillscope.errors import ConfigurationError

SKILLSCOPE = str(Path(sys.executable).parent / "skillscope")


@pytest.fixture
def run(home, project):
    """Run a program of the project on the folders of the tests; gives its exit code and everything it printed."""

    def start(*command: str) -> tuple[int, str]:
        surroundings = {
            **os.environ,
            "SKILLSCOPE_DATA_DIR": str(home.data_dir),
            "SKILLSCOPE_MODELS_DIR": str(project / "models"),
            "SKILLSCOPE_MODEL_SOURCE": "mlflow",
            "COLUMNS": "160",
        }
        done = subprocess.run(
            [sys.executable, *command], cwd=project, env=surroundings, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    return start


def test_recovery_of_the_champion_from_the_command_line(run, trained, tmp_path):
    output = tmp_path / "found.json"
    code, said = run(
        SKILLSCOPE, "models", "recovery", "--champion", "--students", "20", "--output", str(output), "--no-register"
    )
    assert code == 0, said
    assert "rank correlation with the trait" in said
    assert json.loads(output.read_text())["model_version"] == trained.bundle.version
    assert output.with_suffix(".png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--families", "glove.v1"), "there is no feature family 'glove.v1'; choose from"),
        (("--label-weight", "human=0"), "label weight 'human=0'"),
    ],
)
def test_wrong_options_are_said_before_anything_is_read(options, says, tmp_path):
    data = ["--data", str(tmp_path / "none.csv"), "--models-dir", str(tmp_path)]
    result = CliRunner().invoke(app, ["train", *data, *options])
    assert isinstance(result.exception, ConfigurationError)
    assert says in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_the_script_that_combines(run, training_set, tmp_path):
    frame = read_dataset(training_set)
    real = frame[:40].assign(source="human:" + frame["source"].str.partition(":")[2])
    write_frame(frame[40:], tmp_path / "made.csv", COLUMNS)
    write_frame(real, tmp_path / "real.csv", COLUMNS)
    script = str(Path("backend") / "scripts" / "combine_datasets.py")
    parts = ("--synthetic", str(tmp_path / "made.csv"), "--real", str(tmp_path / "real.csv"))
    code, said = run(script, *parts, "--output", str(tmp_path / "mixed.csv"), "--real-share", "0.25")
    assert code == 0, said
    assert "120 simulated and 40 real rows (25.0% real)" in said
    assert "8 rows left out" in said
    assert (tmp_path / "mixed.manifest.json").exists()
