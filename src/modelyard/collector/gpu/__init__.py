"""Graphics cards: what they do, and for which service versions."""
