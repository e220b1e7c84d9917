"""Agreement, error and reliability figures as small pure functions, and evaluation on real data."""
