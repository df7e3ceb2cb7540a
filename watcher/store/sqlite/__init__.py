"""What only SQLite needs of the store."""
