"""How environments are built: conda and pip specifications in, folders with a Python out."""
