"""Turn values into text: pages, charts, and digits drawn with characters."""
