"""Tables, migrations and queries: SQLite by default, PostgreSQL by URL."""

# every table is known before any is asked for
from skillscope.store import evidence_tables as _evidence_tables
from skillscope.store import practice_tables as _practice_tables
from skillscope.store import record_tables as _record_tables
from skillscope.store import roster_tables as _roster_tables
from skillscope.store.database import make_engine, migrate, open_database, open_readonly, open_store, ping, writing

__all__ = ["make_engine", "migrate", "open_database", "open_readonly", "open_store", "ping", "writing"]

del _evidence_tables, _practice_tables, _record_tables, _roster_tables
