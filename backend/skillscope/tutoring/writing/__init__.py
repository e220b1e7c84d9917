"""The small language model in tutoring: it words answers, and is measured, compared, promoted and trained again."""
