"""Which pixels of a picture are ink, and which ink is the digit."""
