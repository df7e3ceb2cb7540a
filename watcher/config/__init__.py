"""The settings: what each means, and where they come from."""
