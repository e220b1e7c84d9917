"""The HTTP service: one FastAPI app, mounted in a BentoML service."""
