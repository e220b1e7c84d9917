"""Answers already paid for, by the fully rendered request."""

import sqlite3
import threading
from pathlib import Path

from skillscope.errors import FileError
from skillscope.synthesis.files import writing
from skillscope.synthesis.providers.base import Answer

__all__ = ["AnswerCache"]


class AnswerCache:
    """A SQLite file of answers that passed validation. Answers to student text are never put here."""

    def __init__(self, path: Path) -> None:
        """Opens or creates.

        Raises:
            FileError: the folder cannot be written, or the file is no cache.
        """
        self.path = path
        self._lock = threading.Lock()
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False, timeout=30, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID"
            )
        except sqlite3.Error as error:
            raise FileError(
                f"{path} cannot be used as the cache of answers: delete it or change the data folder"
            ) from error

    def get(self, key: str) -> Answer | None:
        """The answer to a request, with no tokens: it costs nothing again."""
        with self._lock:
            row = self._connection.execute("SELECT text FROM answers WHERE key = ?", (key,)).fetchone()
        return Answer(text=row[0]) if row else None

    def put(self, key: str, answer: Answer) -> None:
        """Keeps an answer."""
        with self._lock:
            try:
                self._connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, answer.text))
            except sqlite3.Error as error:
                raise FileError(f"{self.path} cannot be written: free some space and start again") from error

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()
