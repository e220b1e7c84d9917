"""From what students left in a database to training pairs."""

from skillscope.tutoring.extraction.extract import ExtractManifest, count_pairs, extract_pairs

__all__ = ["ExtractManifest", "count_pairs", "extract_pairs"]
