"""Read and write datasets, CSV or Parquet by the file's ending, whole or part by part in bounded memory."""

import csv
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import TextIOBase
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from skillscope.datasets.contract import COLUMNS, check_rows
from skillscope.datasets.files import replacing, require_file
from skillscope.datasets.manifest import Manifest, file_sha256, write_manifest
from skillscope.errors import FileError, SchemaError

__all__ = ["FrameWriter", "iter_frames", "read_dataset", "read_frame", "read_header", "write_dataset", "write_frame"]

TEXT_COLUMNS: Final = frozenset({"response", "skill", "skill_level", "source"})
EMPTY_NUMBERS: Final = ["", "NaN", "nan", "NA"]
PART_ROWS: Final = 4096
_MAX_WHOLE: Final = 2**53
"""Beyond, not every whole number is a double."""


def _kind(path: Path) -> str:
    kind = path.suffix.lower()
    if kind not in {".csv", ".parquet"}:
        raise FileError(f"{path} has the ending {kind or '(none)'}; datasets end in .csv or .parquet")
    return kind


def _refuse_encoding(path: Path) -> FileError:
    """The error for a file that is not UTF-8, with the line where it stops being so."""
    where = ""
    with path.open("rb") as file:
        for line, raw in enumerate(file, start=1):
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError:
                where = f" (line {line})"
                break
    return FileError(f"{path} is not UTF-8{where}; save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')")


def read_header(path: Path) -> list[str]:
    """The column names of a CSV or Parquet file.

    Raises:
        FileError: the file is missing, empty, of another kind or not UTF-8.
    """
    kind = _kind(path)
    require_file(path, what="a dataset")
    try:
        if kind == ".parquet":
            return list(pq.read_schema(path).names)
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), [])
    except UnicodeDecodeError:
        raise _refuse_encoding(path) from None
    except (pa.ArrowException, csv.Error, OSError) as error:
        raise FileError(f"{path} cannot be read as {kind[1:]}: {str(error).splitlines()[0]}") from error


@contextmanager
def _no_cell_lost(path: Path) -> Iterator[None]:
    """Refuse a first row with more cells than the header, of which pandas would only warn and drop the rest."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            yield
        except pd.errors.ParserWarning:
            raise SchemaError(
                f"{path}: row 1 has more cells than the header has columns; quote texts that hold commas"
            ) from None


def _bad_cells(path: Path, numeric: Sequence[str]) -> SchemaError:
    """Find the cells that kept a CSV from being read as numbers."""
    with _no_cell_lost(path):
        text = pd.read_csv(
            path, encoding="utf-8-sig", dtype=str, keep_default_na=False, na_filter=False, index_col=False
        )
    problems = []
    for name in numeric:
        cells = text[name].str.strip()
        known = ~cells.isin(EMPTY_NUMBERS) if name != "grade" else pd.Series(True, index=cells.index)
        numbers = pd.to_numeric(cells.where(known), errors="coerce")
        wrong = known & numbers.isna()
        if name == "grade":
            wrong |= (numbers % 1 != 0) | (numbers.abs() > _MAX_WHOLE)
        if wrong.any():
            rows = (text.index[wrong] + 1).tolist()
            more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
            problems.append(f"{name} is not a {'whole ' if name == 'grade' else ''}number in row {rows[0]}{more}")
    return SchemaError(f"{path}: {'; '.join(problems) or 'a number cannot be read'}")


def _csv_parts(path: Path, columns: Sequence[str], part_rows: int) -> Iterator[pd.DataFrame]:
    numeric = [name for name in columns if name not in TEXT_COLUMNS]
    dtypes = {name: "str" if name in TEXT_COLUMNS else "int64" if name == "grade" else "float64" for name in columns}
    empties = {name: EMPTY_NUMBERS for name in numeric if name != "grade"}
    try:
        with pd.read_csv(
            path,
            encoding="utf-8-sig",
            dtype=dtypes,
            keep_default_na=False,
            na_values=empties,
            index_col=False,
            chunksize=part_rows,
        ) as parts:
            while True:
                with _no_cell_lost(path):
                    part = next(parts, None)
                if part is None:
                    break
                yield part
    except UnicodeDecodeError:
        raise _refuse_encoding(path) from None
    except pd.errors.ParserError as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise SchemaError(f"{path} is no well-formed CSV: {reason}; quote texts that hold commas") from error
    except (ValueError, OverflowError):  # a grade of more than 64 bits is the latter
        raise _bad_cells(path, numeric) from None


def _parquet_parts(path: Path, columns: Sequence[str], part_rows: int) -> Iterator[pd.DataFrame]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=part_rows, columns=list(columns)):
                frame = batch.to_pandas()
                for name in columns:
                    kind = "str" if name in TEXT_COLUMNS else "int64" if name == "grade" else "float64"
                    frame[name] = frame[name].astype(kind)
                yield frame
    except (ValueError, TypeError, OverflowError) as error:
        raise SchemaError(f"{path}: a column has the wrong type: {str(error).splitlines()[0]}") from error
    except (pa.ArrowException, OSError) as error:
        raise FileError(f"{path} cannot be read as parquet: {str(error).splitlines()[0]}") from error


def iter_frames(
    path: Path, columns: Sequence[str] = COLUMNS, *, part_rows: int = PART_ROWS, complete: bool = False
) -> Iterator[pd.DataFrame]:
    """The rows of a dataset part by part, each part checked against the contract.

    The file must hold exactly `columns`, in order. The index of the frames is the row number, from 0.

    Raises:
        FileError: missing, empty, unreadable, not UTF-8.
        SchemaError: wrong columns, no rows, or cells that break the contract; rows and columns are named.
    """
    found = read_header(path)
    if found != list(columns):
        try:
            check_rows(pd.DataFrame(columns=found), columns)
        except SchemaError as error:
            raise SchemaError(f"{path}: {error}", field=error.field) from None
    parts = _csv_parts if _kind(path) == ".csv" else _parquet_parts
    rows = 0
    for part in parts(path, columns, part_rows):
        empty = part[[name for name in columns if name in TEXT_COLUMNS]].isna()
        if empty.any(axis=None):
            name = str(empty.any().idxmax())
            row = rows + int(empty[name].to_numpy().argmax()) + 1
            raise SchemaError(f"{path}: row {row} has no {name}; an empty text stands for none", field=name)
        try:
            check_rows(part, columns, complete=complete, first_row=rows + 1)
        except SchemaError as error:
            raise SchemaError(f"{path}: {error}", field=error.field) from None
        part.index = pd.RangeIndex(rows, rows + len(part))
        rows += len(part)
        yield part
    if rows == 0:
        raise SchemaError(f"{path} holds a header but no rows")


def read_frame(path: Path, columns: Sequence[str] = COLUMNS) -> pd.DataFrame:
    """All rows of a dataset with these columns, checked; errors as in `iter_frames`."""
    return pd.concat(list(iter_frames(path, columns, part_rows=65536)))


def read_dataset(path: Path) -> pd.DataFrame:
    """A whole dataset of 38 columns, checked against the contract; errors as in `iter_frames`."""
    return read_frame(path, COLUMNS)


class _Lines(TextIOBase):
    """Passes on rows that end in "\\n\\r" with "\\n" alone.

    The csv module quotes a line break only if it is in the writer's line terminator, and a text may hold either kind.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, row: str, /) -> int:
        return self._file.write(row.removesuffix("\r"))


class FrameWriter:
    """Writes a dataset part by part into a temporary file that takes its name when the block ends without error."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path, self.columns, self.rows = path, list(columns), 0
        self.sha256 = ""
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        kind = _kind(self.path)
        self._temporary = self._stack.enter_context(replacing(self.path))
        if kind == ".parquet":
            self._schema = pa.schema(
                [
                    (name, pa.string() if name in TEXT_COLUMNS else pa.int64() if name == "grade" else pa.float64())
                    for name in self.columns
                ]
            )
            self._parquet = self._stack.enter_context(pq.ParquetWriter(self._temporary, self._schema))
        else:
            self._file = self._stack.enter_context(self._temporary.open("w", encoding="utf-8", newline=""))
            csv.writer(self._file, lineterminator="\n").writerow(self.columns)
        return self

    def write(self, part: pd.DataFrame) -> None:
        """Append rows; the columns must be the writer's."""
        part = part[self.columns]
        if hasattr(self, "_parquet"):
            self._parquet.write_table(pa.Table.from_pandas(part, self._schema, preserve_index=False))
        else:
            part.to_csv(_Lines(self._file), header=False, index=False, lineterminator="\n\r")
        self.rows += len(part)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._flush()
            self.sha256 = file_sha256(self._temporary)
        self._stack.__exit__(kind, error, trace)

    def _flush(self) -> None:
        if hasattr(self, "_parquet"):
            self._parquet.close()
        else:
            self._file.flush()


def write_frame(frame: pd.DataFrame, path: Path, columns: Sequence[str]) -> str:
    """Write rows with these columns, whole or not at all; the file's sha256 is returned."""
    with FrameWriter(path, columns) as writer:
        writer.write(frame)
    return writer.sha256


def write_dataset(frame: pd.DataFrame, path: Path, manifest: Manifest) -> Manifest:
    """Check and write a dataset of 38 columns with its manifest; the manifest with the file's sha256 is returned.

    Raises:
        SchemaError: the rows break the contract; nothing is written.
        FileError: the file cannot be written.
    """
    check_rows(frame, COLUMNS)
    manifest = manifest.model_copy(update={"sha256": write_frame(frame, path, COLUMNS)})
    write_manifest(manifest, path)
    return manifest
