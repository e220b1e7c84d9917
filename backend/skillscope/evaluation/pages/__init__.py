"""The figures of the documents, measured anew and written into their marked places by one command."""
