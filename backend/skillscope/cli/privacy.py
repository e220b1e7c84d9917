"""`skillscope privacy` and `skillscope purge`: export, erase, check a receipt, and forget what is old."""

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from skillscope.errors import FileError, InputError
from skillscope.settings import get_settings

__all__ = ["app", "command_purge"]

app = typer.Typer(no_args_is_help=True, help="What is held of a student: give it, erase it, prove it.")


@app.command("export")
def command_export(
    student: Annotated[str, typer.Argument(help="the student's id")],
    output: Annotated[Path, typer.Option(help="the zip to write")],
    recipient: Annotated[str, typer.Option(help="for whom; noted in the log of disclosures")] = "command line",
) -> None:
    """Write everything that is held of a student to a zip."""
    from skillscope.service.privacy import export_of
    from skillscope.store import open_database

    settings = get_settings()
    with open_database(settings.database).begin() as session:
        packed = export_of(session, settings, student, recipient=recipient)
        partial = output.with_name(f".{output.name}.part")
        try:
            partial.write_bytes(packed)
            partial.replace(output)
        except OSError as error:
            raise FileError(f"{output} cannot be written: {error.strerror}") from error
    typer.echo(f"{output}: {len(packed)} bytes")


@app.command("erase")
def command_erase(
    student: Annotated[str, typer.Argument(help="the student's id")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="count what would go, and change nothing")] = False,
) -> None:
    """Erase a student everywhere and print a signed receipt that names nobody."""
    from skillscope.service.privacy import erase_with_receipt
    from skillscope.store import open_database

    settings = get_settings()
    done = erase_with_receipt(open_database(settings.database), settings, student, dry_run=dry_run)
    _print_counts(done.counts)
    if done.receipt is not None:
        typer.echo(done.receipt)


@app.command("receipt")
def command_receipt(
    receipt: Annotated[str, typer.Argument(help="the receipt, or - to read it from standard input")],
) -> None:
    """Check a receipt's signature and print what it says."""
    from skillscope.service.privacy import read_receipt
    from skillscope.service.secrets import load_keyring

    told = read_receipt((sys.stdin.read() if receipt == "-" else receipt).strip(), load_keyring(get_settings()))
    typer.echo(f"erased at {datetime.fromtimestamp(told['iat'], UTC).isoformat()}, receipt {told['jti']}")
    _print_counts(told["erased"])


def command_purge(
    older_than: Annotated[str, typer.Option(help="an age in days, as in 400d")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="count what would go, and change nothing")] = False,
) -> None:
    """Delete what is older than an age, and students of whom nothing is left."""
    from skillscope.assessment.erasure import purge
    from skillscope.store import open_database

    found = re.fullmatch(r"([1-9][0-9]{0,4})d", older_than)
    if found is None:
        raise InputError("an age is a number of days, as in 400d", field="older-than")
    counts = purge(open_database(get_settings().database), timedelta(days=int(found[1])), dry_run=dry_run)
    _print_counts(counts)
    typer.echo("nothing was changed" if dry_run else "deleted")


def _print_counts(counts: dict[str, int]) -> None:
    for table, rows in counts.items():
        if rows:
            typer.echo(f"{table}: {rows}")
