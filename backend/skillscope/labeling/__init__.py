"""Raters that see only what a real rater would, the rubric, and agreement between raters."""
