"""What a service manager is told, and the unit by which it knows the daemon."""
