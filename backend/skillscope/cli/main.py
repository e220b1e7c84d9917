"""The `skillscope` command: mounts the groups and turns our errors into one line and an exit code."""

from importlib import import_module

import typer

from skillscope import __version__
from skillscope.cli.guard import guarded

__all__ = ["app", "main"]

app = typer.Typer(
    name="skillscope",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Measure empathy, problem solving, self-regulation and resilience, and say how far to believe the figures.",
)

_GROUPS = {
    "data": "skillscope.cli.data",
    "models": "skillscope.cli.models",
    "import": "skillscope.cli.importing",
    "features": "skillscope.cli.features",
    "conversations": "skillscope.cli.conversations",
    "tutoring": "skillscope.cli.tutoring",
    "providers": "skillscope.cli.providers",
    "real-data": "skillscope.cli.realdata",
    "simulation": "skillscope.cli.simulation",
    "token": "skillscope.cli.token",
    "privacy": "skillscope.cli.privacy",
    "bento": "skillscope.cli.serve",
    "language": "skillscope.cli.language",
    "lm": "skillscope.cli.lm",
    "evaluate": "skillscope.cli.evaluate",
}
_COMMANDS = {
    "purge": ("skillscope.cli.privacy", "command_purge"),
    "run": ("skillscope.cli.run", "command_run"),
    "serve": ("skillscope.cli.serve", "command_serve"),
    "experiments": ("skillscope.cli.run", "command_experiments"),
    "gate": ("skillscope.cli.gate", "command_gate"),
    "promote": ("skillscope.cli.gate", "command_promote"),
}

for _name, (_module, _function) in _COMMANDS.items():
    app.command(_name)(getattr(import_module(_module), _function))
for _name, _module in _GROUPS.items():
    app.add_typer(import_module(_module).app, name=_name)
import_module("skillscope.cli.importing").app.command("justhink")(
    import_module("skillscope.cli.features").command_justhink
)


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"skillscope {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: bool = typer.Option(False, "--version", callback=lambda v: _print_version(wanted=v), is_eager=True),
) -> None:
    pass


def main() -> None:
    """Run the command line; an error of ours is one line on stderr and its exit code."""
    guarded(app, prefix="skillscope")
