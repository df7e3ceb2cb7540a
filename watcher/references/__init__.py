"""The labeled pictures that others are compared with: where they come from, and the model model on them."""
