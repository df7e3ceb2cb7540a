"""What `watcher doctor` looks at: each check says what it found, and what to do where that is not right."""
