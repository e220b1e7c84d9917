"""Practice questions: families with slots, generated questions, and imported ones."""
