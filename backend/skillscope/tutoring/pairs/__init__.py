"""Texts for tutoring: feedback, explanations, plan adjustments. Born delexicalised, verified by code."""
