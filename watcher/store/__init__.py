"""All SQL of the program: the log of results and the references."""
