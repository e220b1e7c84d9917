"""The changes themselves, in order."""
