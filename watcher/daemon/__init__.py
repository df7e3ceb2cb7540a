"""The daemon: how it starts, what it does while it lives, and how it ends."""
