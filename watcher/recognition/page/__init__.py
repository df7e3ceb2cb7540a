"""Where the digit is on a page that is larger than the pictures that are compared."""
