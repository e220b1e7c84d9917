"""Datasets: the contract of 38 columns, reading and writing, manifests, and the four-stage pipeline."""
