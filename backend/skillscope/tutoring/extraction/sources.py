"""The two shapes of database that pairs are taken from, read as the same rows: our store, and the seed documents' own.

Rows are streamed; what is held in memory is the question bank and one batch of students.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from skillscope.errors import SchemaError
from skillscope.store import open_readonly

__all__ = ["Source", "as_json", "open_source"]

_STREAMED: Final = 2000

_OWN: Final = {
    "questions": "SELECT question_id, test, domain, skill, content FROM questions ORDER BY question_id",
    "lessons": "SELECT lesson_id, section, domain, skill, content FROM lessons ORDER BY lesson_id",
    "responses": (
        "SELECT s.student_id AS user_id, r.question_id, r.is_correct, r.time_spent, r.at, r.test_id, "
        "res.proficiencies FROM practice_responses r JOIN students s ON s.key = r.student_key "
        "LEFT JOIN results res ON r.test_id = res.test_id "
        "WHERE r.at >= :since ORDER BY r.student_key, r.at, r.key"
    ),
    "plans": (
        "SELECT s.student_id AS user_id, p.plan FROM study_plans p JOIN students s ON s.key = p.student_key "
        "WHERE s.student_id IN :users ORDER BY p.plan_id"
    ),
    "study_plan_actions": (
        "SELECT s.student_id AS user_id, a.task, a.plan_before, a.performance_update, a.adjustment AS ai_response "
        "FROM study_plan_actions a JOIN students s ON s.key = a.student_key WHERE a.at >= :since ORDER BY a.key"
    ),
    "help_requests": (
        "SELECT s.student_id AS user_id, NULL AS other_id, h.question_id, h.user_query, h.ai_response "
        "FROM help_requests h JOIN students s ON s.key = h.student_key WHERE h.at >= :since ORDER BY h.key"
    ),
    "user_notes": (
        "SELECT s.student_id AS user_id, NULL AS other_id, n.question_id, n.note_text AS user_query, n.ai_response "
        "FROM user_notes n JOIN students s ON s.key = n.student_key WHERE n.at >= :since "
        "AND n.ai_response IS NOT NULL UNION ALL SELECT s.student_id, o.student_id, q.question_id, q.text, a.text "
        "FROM community_answers a JOIN community_questions q ON q.key = a.question_key "
        "JOIN students s ON s.key = q.student_key LEFT JOIN students o ON o.key = a.student_key WHERE a.at >= :since"
    ),
    "feedback_ratings": (
        "SELECT s.student_id AS user_id, f.feedback_text, f.rating, f.performance_data FROM feedback_ratings f "
        "JOIN students s ON s.key = f.student_key WHERE f.at >= :since ORDER BY f.key"
    ),
}

_FOREIGN: Final = {
    **{name: _OWN[name] for name in ("questions", "lessons")},
    "responses": (
        "SELECT r.user_id, r.question_id, r.is_correct, r.time_spent, r.timestamp AS at, r.test_id, "
        "res.proficiencies FROM responses r LEFT JOIN results res ON r.test_id = res.test_id "
        "WHERE r.timestamp >= :since ORDER BY r.user_id, r.timestamp, r.test_id, r.question_id"
    ),
    "plans": "SELECT user_id, plan FROM study_plans WHERE user_id IN :users ORDER BY plan_id",
    "study_plan_actions": (
        "SELECT user_id, task, NULL AS plan_before, performance_update, NULL AS ai_response FROM study_plan_actions "
        "WHERE timestamp >= :since ORDER BY id"
    ),
    "help_requests": (
        "SELECT user_id, NULL AS other_id, question_id, user_query, ai_response FROM help_requests "
        "WHERE timestamp >= :since ORDER BY id"
    ),
    "user_notes": (
        "SELECT user_id, NULL AS other_id, question_id, note_text AS user_query, ai_response FROM user_notes "
        "WHERE timestamp >= :since "
        "AND ai_response IS NOT NULL ORDER BY id"
    ),
    "feedback_ratings": (
        "SELECT user_id, feedback_text, rating, performance_data FROM feedback_ratings "
        "WHERE timestamp >= :since ORDER BY id"
    ),
}
_NEEDED: Final = ("users", "questions", "responses", "results")
_TABLES: Final = {"plans": "study_plans"}


def as_json(value: Any) -> Any:
    """What a JSON column holds, whether the driver read it or not; None where it is no JSON."""
    if not isinstance(value, str | bytes):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


@dataclass(frozen=True)
class Source:
    """An open database; `shape` is `skillscope` or `seed`, `absent` the optional tables that it lacks."""

    connection: Connection
    shape: str
    since: datetime
    absent: frozenset[str]

    def rows(self, name: str, **values: Any) -> Iterator[Row[Any]]:
        """The rows of one of the queries, streamed; none where the table is absent.

        Raises:
            SchemaError: a column is missing.
        """
        if _TABLES.get(name, name) in self.absent:
            return
        sql = (_OWN if self.shape == "skillscope" else _FOREIGN)[name]
        query = text(sql)
        if ":users" in sql:
            query = query.bindparams(bindparam("users", expanding=True))
        if ":since" in sql:
            values["since"] = self._moment()
        try:
            with self.connection.execution_options(yield_per=_STREAMED).execute(query, values) as found:
                yield from found
        except SQLAlchemyError as error:
            raise SchemaError(
                f"{_TABLES.get(name, name)} cannot be read ({type(error).__name__}): a column of the documented ones "
                "is missing or of another kind"
            ) from error

    def _moment(self) -> datetime | str:
        """SQLite keeps moments as text in either ISO form; the date alone sorts before all moments of its day."""
        moment = self.since.astimezone(UTC)
        return f"{moment:%Y-%m-%d}" if self.connection.dialect.name == "sqlite" else moment

    def plans(self, users: Sequence[Any]) -> Mapping[Any, list[Any]]:
        """The plans of these students."""
        found: dict[Any, list[Any]] = {}
        for row in self.rows("plans", users=list(users)):
            found.setdefault(row.user_id, []).append(as_json(row.plan))
        return found


@contextmanager
def open_source(url: str, since: datetime) -> Iterator[Source]:
    """A database opened for reading, in one transaction.

    Raises:
        ConfigurationError: the address is wrong.
        SchemaError: the database cannot be read, or has neither shape.
    """
    engine = open_readonly(url)
    try:
        with engine.connect() as connection, connection.begin():
            names = set(inspect(connection).get_table_names())
            own = {"students", "practice_responses"} <= names
            missing = [] if own else [name for name in _NEEDED if name not in names]
            if missing:
                raise SchemaError(f"the database lacks {', '.join(missing)}; it needs {', '.join(_NEEDED)}")
            optional = {_TABLES.get(name, name) for name in _FOREIGN}
            yield Source(
                connection, "skillscope" if own else "seed", since, frozenset(optional - names - {"responses"})
            )
    except SQLAlchemyError as error:
        raise SchemaError(f"the database cannot be read ({type(error).__name__})") from error
    finally:
        engine.dispose()
