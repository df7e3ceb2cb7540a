"""Values in, text out: pages, charts, digits drawn with characters."""
