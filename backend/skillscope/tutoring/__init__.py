"""SAT practice: taxonomy, questions, training pairs, proficiency, plans, and who answers."""
