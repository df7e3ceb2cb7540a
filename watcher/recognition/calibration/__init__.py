"""How far to trust an answer: certainty, novelty and error, fitted by leave-one-out on the references."""
