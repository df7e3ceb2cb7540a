"""Looking after an installation: what is wrong with it, what differs, and failed files put back."""
