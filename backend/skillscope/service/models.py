"""Routes of models: which one serves, which are registered, and serving another without a restart."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from skillscope.errors import BundleError
from skillscope.modeling.bundle import BUNDLE_NAME, Bundle
from skillscope.service.access import SecuredRoute, allow, no_body, runtime_of
from skillscope.service.replies import problem_docs, reply
from skillscope.service.tokens import Role
from skillscope.settings import Settings

__all__ = ["Models", "RegisteredModel", "Reloaded", "ServedModel", "registered_models", "router"]

router = APIRouter(route_class=SecuredRoute, tags=["models"])


class ServedModel(BaseModel):
    """The model that this worker serves."""

    version: str = Field(examples=["0.1.0+54d11641f7e4"])
    feature_schema: str = Field(examples=["1"])
    language_pipeline: str
    label_source: str = Field(examples=["simulated"], description="`simulated`: no measurement of a child")
    loaded_at: datetime | None
    r2: dict[str, float] = Field(description="by skill, on held-out scenarios", examples=[{"empathy": 0.89}])


class RegisteredModel(BaseModel):
    """A version in MLflow's registry."""

    number: str = Field(examples=["3"])
    aliases: list[str] = Field(examples=[["champion"]])
    created_at: datetime
    tags: dict[str, str]


class Models(BaseModel):
    """What serves, and what could: MLflow's alias `champion` says which."""

    serving: ServedModel | None
    registered: list[RegisteredModel]


class Reloaded(BaseModel):
    """The versions before and after; the same where the champion had not changed."""

    before: str | None
    serving: str


def _served(bundle: Bundle, loaded_at: datetime | None) -> ServedModel:
    return ServedModel(
        version=bundle.version,
        feature_schema=bundle.feature_schema,
        language_pipeline=bundle.language_pipeline,
        label_source=bundle.label_source,
        loaded_at=loaded_at,
        r2={str(skill): item.metrics["r2"] for skill, item in bundle.record.skills.items() if "r2" in item.metrics},
    )


def registered_models(settings: Settings) -> list[RegisteredModel]:
    """The versions in MLflow's registry, newest first; none where there is no such store yet.

    Raises:
        ConfigurationError: the store cannot be used.
    """
    if settings.model_source in {"bundle", "bentoml"}:
        return []
    path = settings.tracking_uri.removeprefix("sqlite:///")
    if path != settings.tracking_uri and not Path(path).exists():
        return []
    from skillscope.modeling.tracking import mlflow_client

    client: Any = mlflow_client(settings)
    found = client.search_model_versions(f"name='{BUNDLE_NAME}'")
    if not found:
        return []
    aliases: dict[str, list[str]] = {}
    for alias, number in client.get_registered_model(BUNDLE_NAME).aliases.items():
        aliases.setdefault(str(number), []).append(alias)
    return [
        RegisteredModel(
            number=str(row.version),
            aliases=sorted(aliases.get(str(row.version), [])),
            created_at=datetime.fromtimestamp(row.creation_timestamp / 1000, UTC),
            tags={str(name): str(value) for name, value in row.tags.items()},
        )
        for row in sorted(found, key=lambda row: -int(row.version))
    ]


@router.get(
    "/models",
    response_model=Models,
    responses=problem_docs(),
    dependencies=[allow(Role.TEACHER, Role.SERVICE, Role.ADMIN)],
)
def list_models(request: Request) -> Response:
    """The model that serves, and the registered ones."""
    runtime = runtime_of(request)
    try:
        serving = _served(runtime.bundle, runtime.loaded_at)
    except BundleError:
        serving = None
    return reply(Models(serving=serving, registered=registered_models(runtime.settings)))


@router.post(
    "/models/reload",
    response_model=Reloaded,
    responses=problem_docs("invalid", "model-refused", "model-unavailable"),
    dependencies=[allow(Role.ADMIN), Depends(no_body)],
)
def reload_model(request: Request) -> Response:
    """Serve the present champion: after its alias was moved on, or back. No request fails meanwhile.

    The other workers follow within seconds. A bundle of another feature schema or language pipeline is refused with the
    reason, and the one before goes on serving.
    """
    before, serving = runtime_of(request).reload()
    return reply(Reloaded(before=before, serving=serving))
