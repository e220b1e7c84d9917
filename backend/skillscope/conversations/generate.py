"""One command's worth of conversations."""

from dataclasses import dataclass
from pathlib import Path

from skillscope.conversations.library import load_library
from skillscope.conversations.provided import ProvidedConversations
from skillscope.conversations.templates import TemplateConversations
from skillscope.errors import ConfigurationError, InputError
from skillscope.settings import get_settings
from skillscope.synthesis import Estimate, Generator, RunOptions, RunResult, generate
from skillscope.synthesis.providers.client import Client

__all__ = ["ConversationJob", "estimate_conversations", "generate_conversations", "output_path"]


@dataclass(frozen=True)
class ConversationJob:
    """What is to be made. `provider` names the folder; a client is needed for all but `template`."""

    provider: str = "template"
    count: int = 100
    seed: int = 42
    library: str = "coding"
    temperature: float = 0.8
    max_tokens: int = 3000
    output_dir: Path | None = None


def output_path(job: ConversationJob) -> Path:
    """`data/synthetic/<provider>/synthetic_conversations_<count>_seed<seed>.jsonl`; tutoring ones are named so."""
    folder = job.output_dir or get_settings().data_dir / "synthetic" / job.provider
    kind = "" if job.library == "coding" else f"_{job.library}"
    return folder / f"synthetic_conversations{kind}_{job.count}_seed{job.seed}.jsonl"


def _generator(job: ConversationJob, client: Client | None) -> Generator:
    if job.count < 1:
        raise InputError(f"count must be at least 1, not {job.count}", field="count")
    if not 0 <= job.temperature <= 2:
        raise InputError(f"temperature must be from 0 to 2, not {job.temperature:g}", field="temperature")
    library = load_library(job.library)
    if job.provider == "template":
        return TemplateConversations(library, job.count, job.seed)
    if client is None:
        raise ConfigurationError(f"provider {job.provider} needs a client")
    return ProvidedConversations(
        library, job.count, job.seed, client, temperature=job.temperature, max_tokens=job.max_tokens
    )


def estimate_conversations(job: ConversationJob, client: Client | None = None) -> Estimate:
    """What `generate_conversations` would ask for and cost.

    Raises:
        InputError: an option is out of range.
    """
    return _generator(job, client).estimate()


def generate_conversations(
    job: ConversationJob, client: Client | None = None, options: RunOptions | None = None
) -> RunResult:
    """Makes the file and its manifest.

    Raises:
        InputError: an option is out of range.
        FileError, ConflictError, ProviderError: as the engine.
    """
    return generate(_generator(job, client), output_path(job), options)
