"""Ordered, named, append-only changes of the tables; `HEAD` is the newest (a test keeps it so)."""

from typing import Final

__all__ = ["HEAD"]

HEAD: Final = "0005"
