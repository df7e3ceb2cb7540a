"""The daemon as a systemd service: its messages to the service manager, and its unit."""
