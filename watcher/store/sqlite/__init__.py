"""The parts of the store that are specific to SQLite."""
