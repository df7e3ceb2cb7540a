"""The labelled pictures that others are compared with: where they come from, and the model fitted on them."""
