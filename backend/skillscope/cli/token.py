"""`skillscope token`: make and revoke bearer tokens."""

import sys
from typing import Annotated

import typer

from skillscope.service.tokens import Role
from skillscope.settings import get_settings

__all__ = ["app"]

_STANDARD_INPUT = "-"

app = typer.Typer(no_args_is_help=True, help="Bearer tokens of the HTTP API.")


@app.command("create")
def command_create(
    role: Annotated[Role, typer.Option(help="what the token may do")],
    student: Annotated[str | None, typer.Option(help="the student that a student's token is for")] = None,
    teacher: Annotated[str | None, typer.Option(help="the teacher that a teacher's token is for")] = None,
    ttl: Annotated[str, typer.Option(help="how long it counts: a number with s, m, h or d")] = "30d",
) -> None:
    """Print a new token."""
    from skillscope.service.tokens import create_token, parse_ttl

    lifetime = parse_ttl(ttl)
    typer.echo(create_token(get_settings(), role, student_id=student, teacher_id=teacher, ttl=lifetime))


@app.command("revoke")
def command_revoke(
    token: Annotated[str, typer.Argument(help="the token, or - to read it from standard input")],
) -> None:
    """Make a token count no more; workers hear of it within seconds."""
    from skillscope.service.revocation import revoke

    text = sys.stdin.read() if token == _STANDARD_INPUT else token
    typer.echo("revoked" if revoke(get_settings(), text.strip()) else "was revoked before")


@app.command("rotate")
def command_rotate() -> None:
    """Sign with a new secret; tokens of the last few secrets count until they expire. Workers notice at once."""
    from skillscope.service.secrets import rotate_secret

    typer.echo(f"tokens are signed with {rotate_secret(get_settings())} from now on")
