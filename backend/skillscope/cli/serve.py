"""`skillscope serve` and `skillscope bento`."""

from typing import Annotated

import typer

from skillscope.settings import get_settings

__all__ = ["app", "command_serve"]

app = typer.Typer(no_args_is_help=True, help="Pack the service with its champion.")


@app.callback()
def _group() -> None:
    pass


def command_serve(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="port to serve on")] = None,
    host: Annotated[str | None, typer.Option(help="address to serve on; 127.0.0.1 where unset")] = None,
) -> None:
    """Serve the HTTP API until interrupted."""
    from skillscope.service.serving import serve

    given = {name: value for name, value in {"port": port, "host": host}.items() if value is not None}
    serve(get_settings().model_copy(update=given))


@app.command("export")
def command_export() -> None:
    """Put the champion into BentoML's model store, for `bentoml build`."""
    from skillscope.service.serving import export_champion_to_bento

    typer.echo(export_champion_to_bento(get_settings()))
