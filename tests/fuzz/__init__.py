"""Targets of `make fuzz`: guided by coverage, without end until told; no tests of pytest."""
