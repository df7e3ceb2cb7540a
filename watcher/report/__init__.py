"""What was recognised, made visible: values in; pages, charts and drawings out."""
