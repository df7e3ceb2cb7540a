"""What the program says of itself: its log, its faults, its state, and how it is."""
