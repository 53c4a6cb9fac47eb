"""What Modelyard talks about: frozen values and pure decisions. Standard library only."""
