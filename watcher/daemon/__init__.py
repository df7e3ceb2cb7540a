"""The daemon: its start, its loop and its end."""
