"""Which pixels of a picture are ink, and which of the ink is the digit."""
