"""The checks of `watcher doctor`: each says what it found, and what to do if that is not right."""
