"""Flesch-Kincaid grade level."""

__all__ = ["flesch_kincaid"]


def flesch_kincaid(words: int, sentences: float, syllables: int) -> float:
    """0.39 words / sentences + 11.8 syllables / words - 15.59, in US school grades (Kincaid et al. 1975); NaN without
    words."""
    if words == 0 or sentences == 0:
        return float("nan")
    return 0.39 * words / sentences + 11.8 * syllables / words - 15.59
