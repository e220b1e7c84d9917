"""One typed settings object, read from the environment and from `.env`."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from skillscope.errors import ConfigurationError

__all__ = ["PROJECT_ROOT", "Settings", "get_settings"]

PROJECT_ROOT = Path(__file__).resolve().parents[2]
"""The checkout (or the built bento's source folder) that holds `models/` and `data/`."""


def _named(name: str, *others: str) -> AliasChoices:
    return AliasChoices(f"SKILLSCOPE_{name.upper()}", *others)


class Settings(BaseSettings):
    """Every setting; the README's table of them is tested against this class."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, populate_by_name=True)

    data_dir: Path = Field(
        default=PROJECT_ROOT / "data",
        validation_alias=_named("data_dir"),
        description="generated files: database, experiments, training sets, secret",
    )
    models_dir: Path = Field(
        default=PROJECT_ROOT / "models",
        validation_alias=_named("models_dir"),
        description="the language pipeline and model bundles",
    )
    shared_data: Path = Field(
        default=PROJECT_ROOT.parent / "shared" / "data",
        validation_alias=_named("shared_data"),
        description="treebanks and real data that training and some tests read",
    )
    database_url: str | None = Field(
        default=None,
        validation_alias=_named("database_url", "DATABASE_URL"),
        description="SQLAlchemy address of the store; SQLite in the data folder when unset",
    )
    mlflow_tracking_uri: str | None = Field(
        default=None,
        validation_alias=_named("mlflow_tracking_uri", "MLFLOW_TRACKING_URI"),
        description="MLflow tracking store; SQLite in the data folder when unset",
    )
    host: str = Field(default="127.0.0.1", validation_alias=_named("host"), description="address to serve on")
    port: int = Field(
        default=8000, ge=1, le=65535, validation_alias=_named("port", "PORT"), description="port to serve on"
    )
    production: bool = Field(
        default=False,
        validation_alias=_named("production"),
        description="refuse weak secrets, log JSON",
    )
    token_secret: SecretStr | None = Field(
        default=None,
        validation_alias=_named("token_secret"),
        description="signs bearer tokens, 32 characters or more; made in the data folder when unset",
    )
    token_secrets_older: SecretStr | None = Field(
        default=None,
        validation_alias=_named("token_secrets_older"),
        description="secrets before this one, comma-separated, whose tokens still count",
    )
    names_key: SecretStr | None = Field(
        default=None,
        validation_alias=_named("names_key"),
        description="Fernet keys, comma-separated, the newest first; students' names are encrypted with it",
    )
    rate_per_minute: int = Field(
        default=600,
        ge=0,
        le=10_000_000,
        validation_alias=_named("rate_per_minute"),
        description="requests a minute of one student's or teacher's token; 0 for no bound",
    )
    service_rate_per_minute: int = Field(
        default=60_000,
        ge=0,
        le=10_000_000,
        validation_alias=_named("service_rate_per_minute"),
        description="requests a minute of one service's or admin's token; 0 for no bound",
    )
    otlp_endpoint: str | None = Field(
        default=None,
        validation_alias=_named("otlp_endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        description="where OpenTelemetry traces go (OTLP over HTTP); none are made when unset",
    )
    model_source: Literal["auto", "mlflow", "bundle", "bentoml"] = Field(
        default="auto",
        validation_alias=_named("model_source"),
        description="where the champion is loaded from; auto tries MLflow, the BentoML store, then the bundle folder",
    )
    workers: int = Field(
        default=2,
        ge=1,
        le=64,
        validation_alias=_named("workers"),
        description="processes for feature extraction and generation",
    )
    http_workers: int = Field(
        default=1,
        ge=1,
        le=64,
        validation_alias=_named("http_workers"),
        description="processes that serve HTTP requests",
    )
    openai_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=_named("openai_api_key", "OPENAI_API_KEY"),
        description="key for the openai provider",
    )
    google_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=_named("google_api_key", "GOOGLE_API_KEY", "GEMINI_API_KEY"),
        description="key for the gemini provider",
    )

    answer_provider: Literal["openai", "gemini"] | None = Field(
        default=None,
        validation_alias=_named("answer_provider"),
        description="model that words answers to students after the small one: openai or gemini; none when unset",
    )
    answer_model: str | None = Field(
        default=None,
        validation_alias=_named("answer_model"),
        description="name of that model; the provider's economical one when unset",
    )
    answer_base_url: str | None = Field(
        default=None,
        validation_alias=_named("answer_base_url"),
        description="address of a compatible server for it (vLLM, Ollama, ...)",
    )
    answer_max_cost: float | None = Field(
        default=None,
        ge=0,
        validation_alias=_named("answer_max_cost"),
        description="US dollars that one worker spends on it before the template answers",
    )
    answer_allow_external: bool = Field(
        default=False,
        validation_alias=_named("answer_allow_external"),
        description="send what students ask along, personal data taken out; each time is logged",
    )

    @property
    def database(self) -> str:
        """The store's SQLAlchemy address."""
        return self.database_url or f"sqlite:///{self.data_dir / 'skillscope.db'}"

    @property
    def tracking_uri(self) -> str:
        """MLflow's tracking address."""
        return self.mlflow_tracking_uri or f"sqlite:///{self.data_dir / 'mlflow.db'}"

    @property
    def language_model(self) -> Path:
        """The folder of the trained language pipeline."""
        return self.models_dir / "language" / "en_skillscope"


@cache
def get_settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        ConfigurationError: a variable has an unusable value; the message names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(f"a setting is unusable: {problems}") from error
