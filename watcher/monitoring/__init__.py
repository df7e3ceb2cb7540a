"""What the program says about itself: its log, its faults, its state file and its status."""
