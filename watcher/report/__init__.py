"""Fetch from the log, the folders and the model what the pages show."""
