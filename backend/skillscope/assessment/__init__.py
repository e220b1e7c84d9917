"""From what a student left behind to scores, intervals and evidence."""
