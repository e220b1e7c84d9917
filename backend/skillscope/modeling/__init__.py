"""Training, calibration, the bundle that is served, and the registry that holds it."""
