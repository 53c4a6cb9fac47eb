"""Fronts on this machine, under the supervisor."""
