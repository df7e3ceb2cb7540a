"""How far an answer can be trusted: certainty, novelty and error, measured by leaving references out."""
