"""Tables, migrations and queries: SQLite by default, PostgreSQL by URL."""

from skillscope.store import practice_tables as _practice_tables  # every table is known before any is asked for
from skillscope.store.database import make_engine, migrate, open_database, open_readonly, open_store, ping, writing

__all__ = ["make_engine", "migrate", "open_database", "open_readonly", "open_store", "ping", "writing"]

del _practice_tables
