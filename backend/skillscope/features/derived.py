"""Features 26 to 29: products of a linguistic and a behavioral feature, or of two behavioral ones."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skillscope.errors import SchemaError
from skillscope.features.schema import DERIVED, LINGUISTIC, TELEMETRY

__all__ = ["derive", "rederived"]

_LINGUISTIC = {item.name: number for number, item in enumerate(LINGUISTIC)}
_TELEMETRY = {item.name: number for number, item in enumerate(TELEMETRY)}
_TEXT = len(LINGUISTIC)
_PLAY = _TEXT + len(TELEMETRY)


def derive(linguistic: ArrayLike, telemetry: ArrayLike) -> NDArray[np.float64]:
    """The four derived features of each row, shape (n, 4), columns in `DERIVED` order; NaN where a factor is.

    `linguistic` has shape (n, 16) and `telemetry` (n, 9), columns in schema order.

    Raises:
        SchemaError: the shapes are others.
    """
    text = np.asarray(linguistic, dtype=np.float64)
    play = np.asarray(telemetry, dtype=np.float64)
    if text.ndim != 2 or play.shape != (len(text), len(TELEMETRY)) or text.shape[1] != len(LINGUISTIC):
        raise SchemaError(f"shapes (n, 16) and (n, 9) are wanted, not {text.shape} and {play.shape}")

    def spoken(name: str) -> NDArray[np.float64]:
        return text[:, _LINGUISTIC[name]]

    def played(name: str) -> NDArray[np.float64]:
        return play[:, _TELEMETRY[name]]

    return np.column_stack(
        [
            spoken("empathy_markers") * np.log1p(played("collaboration_indicators")),
            spoken("cognitive_processes") * played("time_efficiency"),
            played("distraction_resistance") * played("focus_duration"),
            played("recovery_rate") * np.log1p(played("retry_count")),
        ]
    )


def rederived(rows: ArrayLike) -> NDArray[np.float64]:
    """The rows (n, f) with derived features that follow from the others; columns in schema order, families last."""
    out = np.array(rows, dtype=np.float64)
    out[:, _PLAY : _PLAY + len(DERIVED)] = derive(out[:, :_TEXT], out[:, _TEXT:_PLAY])
    return out
