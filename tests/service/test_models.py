"""Models: what serves, what is registered, and another one without a restart or a failed request."""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from served_parts import TEXT, bearer, problem
from skillscope.modeling.bundle import BUNDLE_NAME, Bundle
from skillscope.modeling.registry import load_champion
from skillscope.modeling.tracking import mlflow_client
from skillscope.service.app import create_app
from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role
from skillscope.settings import Settings
from skillscope.store import open_database

V1 = "/api/v1"
Headers = Callable[..., dict[str, str]]


def changed(bundle: Bundle, folder: Path, **record: object) -> Path:
    """A copy of a bundle whose record differs; its version is another one."""
    shutil.copytree(bundle.path, folder)
    told = json.loads((folder / "bundle.json").read_text(encoding="utf-8")) | record
    (folder / "bundle.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


@pytest.fixture
def place(store: str, bundle: Bundle, tmp_path: Path) -> Settings:
    """Settings whose champion is a link in the models folder."""
    with open_database(store).begin() as session:
        for table in ("students", "service_state", "classes"):
            session.execute(text(f"DELETE FROM {table}"))
    models = tmp_path / "models"
    models.mkdir()
    (models / BUNDLE_NAME).symlink_to(bundle.path)
    return Settings(data_dir=tmp_path / "data", models_dir=models, database_url=store, model_source="bundle")


def point(place: Settings, folder: Path) -> None:
    """Make a folder the champion."""
    link = place.models_dir / BUNDLE_NAME
    link.unlink()
    link.symlink_to(folder)


def test_another_champion_serves_here_and_in_the_other_worker_and_the_first_again(
    place: Settings, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skillscope.service.runtime.REVOCATION_SECONDS", 0.0)
    other = Bundle.load(changed(bundle, tmp_path / "other", trained_on={"rows": 401}))
    assert other.version != bundle.version
    one, two = Runtime(place), Runtime(place)
    headers = bearer(place, Role.ADMIN)
    with (
        TestClient(create_app(one), headers=headers) as first,
        TestClient(create_app(two), headers=headers) as second,
    ):
        served = first.get(f"{V1}/models").json()
        assert (served["serving"]["version"], served["registered"]) == (bundle.version, [])
        assert set(served["serving"]["r2"]) == {"empathy", "problem_solving", "self_regulation", "resilience"}
        assert second.get(f"{V1}/models").json()["serving"]["version"] == bundle.version
        for before, after in ((bundle, other), (other, bundle)):
            point(place, after.path)
            answer = first.post(f"{V1}/models/reload")
            assert answer.json() == {"before": before.version, "serving": after.version}
            second.get(f"{V1}/models")  # hears of it, and loads beside its requests
            assert two.following is not None
            two.following.join(60)
            assert second.get(f"{V1}/models").json()["serving"]["version"] == after.version
        assert first.post(f"{V1}/models/reload").json() == {"before": bundle.version, "serving": bundle.version}


@pytest.mark.parametrize(
    ("record", "reason"),
    [({"feature_schema": "99"}, "feature schema 99"), ({"language_pipeline": "en_other 9"}, "features of en_other 9")],
)
def test_a_bundle_that_does_not_fit_is_refused_with_the_reason(
    place: Settings, bundle: Bundle, tmp_path: Path, record: dict[str, object], reason: str
) -> None:
    runtime = Runtime(place)
    with TestClient(create_app(runtime), headers=bearer(place, Role.ADMIN)) as client:
        assert client.get("/readyz").status_code == 200
        point(place, changed(bundle, tmp_path / "other", **record))
        body = problem(client.post(f"{V1}/models/reload"), "model-refused")
        assert reason in body["detail"]
        assert str(tmp_path) not in body["detail"]
        assert client.get(f"{V1}/models").json()["serving"]["version"] == bundle.version
        shutil.rmtree(tmp_path / "other")
        problem(client.post(f"{V1}/models/reload"), "model-refused")


def test_no_request_fails_while_models_are_swapped(place: Settings, bundle: Bundle, tmp_path: Path) -> None:
    other = Bundle.load(changed(bundle, tmp_path / "other", trained_on={"rows": 401}))
    runtime = Runtime(place)
    headers = bearer(place, Role.ADMIN)
    failures: list[str] = []
    versions: set[str] = set()
    swapped = threading.Event()
    with TestClient(create_app(runtime), headers=headers) as client:
        client.post(f"{V1}/students", json={"student_id": "s-1"})
        client.post(f"{V1}/students/s-1/responses", json={"responses": [{"text": TEXT}]})

        def ask() -> None:
            more = 3  # a few after the last swap
            while more:
                more -= swapped.is_set()
                answer = client.post("/inference/student/s-1")
                if answer.status_code != 200:
                    failures.append(answer.text)
                    return
                versions.add(answer.json()["scores"][0]["model_version"])

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for folder in (other.path, bundle.path, other.path):
            point(place, folder)
            assert client.post(f"{V1}/models/reload").status_code == 200
        swapped.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert other.version in versions
    assert versions <= {bundle.version, other.version}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow, on being imported
@pytest.mark.filterwarnings("ignore::UserWarning:mlflow")
def test_the_alias_in_mlflow_says_which_model_serves(bundle: Bundle, tmp_path: Path) -> None:
    place = Settings(
        data_dir=tmp_path / "data", mlflow_tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}", model_source="mlflow"
    )
    other = changed(bundle, tmp_path / "other", trained_on={"rows": 401})
    client = mlflow_client(place)
    client.create_registered_model(BUNDLE_NAME)
    for number, folder in enumerate((bundle.path, other), start=1):
        kept = tmp_path / f"logged-{number}" / "data" / BUNDLE_NAME
        shutil.copytree(folder, kept)
        client.create_model_version(BUNDLE_NAME, kept.parents[1].as_uri(), tags={"n": str(number)})
    client.set_registered_model_alias(BUNDLE_NAME, "champion", "1")
    runtime = Runtime(place, load_champion)
    with TestClient(create_app(runtime), headers=bearer(place, Role.ADMIN)) as api:
        for number, version in (("2", Bundle.load(other).version), ("1", bundle.version)):
            client.set_registered_model_alias(BUNDLE_NAME, "champion", number)
            assert api.post(f"{V1}/models/reload").json()["serving"] == version
            listed = api.get(f"{V1}/models").json()
            assert [(row["number"], row["aliases"]) for row in listed["registered"]] == [
                (name, ["champion"] if name == number else []) for name in ("2", "1")
            ]
            assert listed["registered"][0]["tags"] == {"n": "2"}
    runtime.sessions.kw["bind"].dispose()
