"""From what students left in a database to training pairs."""

from skillscope.tutoring.extraction.extract import ExtractManifest, extract_pairs

__all__ = ["ExtractManifest", "extract_pairs"]
