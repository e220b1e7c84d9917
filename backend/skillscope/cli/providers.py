"""`skillscope providers ...`"""

from typing import Annotated

import typer

from skillscope.cli import _providers as shared
from skillscope.synthesis.providers.connect import PROVIDERS
from skillscope.synthesis.providers.trial import describe_providers, try_provider

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Language-model providers.")


@app.command("list")
def command_list() -> None:
    """Say which providers there are and what they lack."""
    for line in describe_providers():
        typer.echo(line)


@app.command("test")
def command_test(
    *,
    provider: Annotated[
        str | None, typer.Option("--provider", help=f"only this one: {', '.join(PROVIDERS)}; by default all configured")
    ] = None,
    model: shared.Model = None,
    base_url: shared.BaseUrl = None,
    allow_unpriced: shared.AllowUnpriced = False,
    timeout: shared.Timeout = 30.0,
) -> None:
    """Say what is configured and try one small request with each."""
    for line in describe_providers():
        typer.echo(line)
    options = shared.client_options(
        model=model, base_url=base_url, allow_unpriced=allow_unpriced, timeout=timeout, concurrency=1
    )
    for line in try_provider(provider, options):
        typer.echo(line)
