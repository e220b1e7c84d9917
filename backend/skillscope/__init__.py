"""Skillscope: four non-academic skills of students, measured from short responses and game telemetry."""

__all__ = ["__version__"]

__version__ = "0.1.0"
