"""All the moving of files there is."""
