"""Input and output texts for tutoring: feedback, explanations, plan adjustments. Born delexicalised, verified by code."""
