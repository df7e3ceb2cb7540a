"""What is fetched from the log, the folders and the model for the pages that show it."""
