"""`watcher fsck`: compare the log with the folders, and repair what can be repaired."""
