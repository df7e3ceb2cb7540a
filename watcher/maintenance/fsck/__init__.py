"""What `watcher fsck` does: holds the log against the folders, and mends what can be mended."""
