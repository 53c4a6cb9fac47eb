"""
The arithmetic of A/B tests and safe rollouts: statistics that may be looked at at any time.

Pure functions on plain numbers; standard library only. ``decision.decide`` puts them together;
each other file is one method, named for what it is.
"""
