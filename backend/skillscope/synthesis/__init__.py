"""The engine that every generator runs on: plan, render, check, write."""

from skillscope.synthesis.engine import RunOptions, RunResult, Sink, fingerprint, generate, write_jsonl
from skillscope.synthesis.generator import Check, Estimate, Generator
from skillscope.synthesis.journal import Outcome
from skillscope.synthesis.manifest import Counts, RunManifest, Spend, manifest_path, read_manifest
from skillscope.synthesis.progress import rich_report, silent
from skillscope.synthesis.seeds import row_random, row_seed

__all__ = [
    "Check",
    "Counts",
    "Estimate",
    "Generator",
    "Outcome",
    "RunManifest",
    "RunOptions",
    "RunResult",
    "Sink",
    "Spend",
    "fingerprint",
    "generate",
    "manifest_path",
    "read_manifest",
    "rich_report",
    "row_random",
    "row_seed",
    "silent",
    "write_jsonl",
]
