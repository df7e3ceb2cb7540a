"""What a rule compares: shades, gradients, fewer numbers, and augmented copies of references."""
