"""A hot folder that sorts pictures of handwritten digits."""
