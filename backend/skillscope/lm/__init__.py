"""The small language model writes and code computes: slots, expressions, training, serving, evaluation."""
