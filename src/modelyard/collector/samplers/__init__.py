"""Looks at processes and the machine every few seconds."""
