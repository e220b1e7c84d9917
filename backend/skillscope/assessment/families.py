"""Columns of feature families when a student is assessed: computed from the stored responses, remembered a while.

What a family says of a response depends on that response and the fitted bundle alone, so it is computed once in a
process. The memory holds numbers under a digest: no text, no id, nothing that says whose they are.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from skillscope.features import AggregationPolicy
from skillscope.features.aggregate import DEFAULT
from skillscope.modeling.bundle import Bundle
from skillscope.store.responses import counted_texts

__all__ = ["REMEMBERED", "Said", "family_columns", "response_columns"]

Floats = NDArray[np.float64]
Said = tuple[str, str | None, str | None, tuple[float, ...]]
"""Text, prompt and source of a response, and its 16 linguistic features."""

REMEMBERED: Final = 20_000
"""Responses whose columns are kept; of those least lately asked for the oldest are dropped."""

_known: OrderedDict[bytes, Floats] = OrderedDict()
_lock = threading.Lock()


def _digest(bundle: Bundle, said: Said) -> bytes:
    text, prompt, source, values = said
    parts = (bundle.digest, text, prompt or "", source or "", np.asarray(values, dtype=np.float64).tobytes().hex())
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).digest()


def response_columns(bundle: Bundle, said: Sequence[Said]) -> Floats:
    """The columns of the bundle's families for each response, shape (n, k)."""
    names = [_digest(bundle, item) for item in said]
    with _lock:
        found = {name: _known[name] for name in names if name in _known}
        for name in found:
            _known.move_to_end(name)
    new = [number for number, name in enumerate(names) if name not in found]
    if new:
        texts, prompts, sources, values = zip(*(said[number] for number in new), strict=True)
        answers = bundle.families.book.answers(
            texts, sources=sources, prompts=prompts, linguistic=np.array(values, dtype=np.float64)
        )
        rows = bundle.families.transform(answers)
        found |= {names[number]: row for number, row in zip(new, rows, strict=True)}
        with _lock:
            for number in new:
                _known[names[number]] = found[names[number]]
            while len(_known) > REMEMBERED:
                _known.popitem(last=False)
    return np.array([found[name] for name in names]).reshape(len(said), len(bundle.families.columns))


def family_columns(
    session: Session, bundle: Bundle, student_key: int, *, at: datetime, policy: AggregationPolicy = DEFAULT
) -> Floats:
    """The columns of the bundle's families for a student, shape (k,): their means over the counted responses, of each
    over those where it is defined; NaN where it is in none. Nothing is read where the bundle has no families.
    """
    width = len(bundle.families.columns)
    if not width:
        return np.empty(0)
    since = at - timedelta(days=policy.days)
    rows = counted_texts(
        session,
        student_key,
        feature_schema=bundle.feature_schema,
        since=since,
        until=at,
        limit=policy.responses,
    )
    table = response_columns(bundle, [(row.text, row.prompt, row.source, row.values) for row in rows])
    known = ~np.isnan(table)
    counts = known.sum(axis=0)
    total = np.where(known, table, 0.0).sum(axis=0)
    return np.asarray(np.where(counts > 0, total / np.maximum(counts, 1), np.nan))
