"""What a rule compares: gray pictures, gradient features, principal components, augmented copies."""
