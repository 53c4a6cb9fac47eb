"""
Models that are served without a scoring script: one module for each framework, found by a table.

Frameworks are imported from the model's own environment, and only the one that the model needs.
"""
