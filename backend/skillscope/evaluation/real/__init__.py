"""Evaluation on real data with human ratings: loaders, experiments, the generated report."""
