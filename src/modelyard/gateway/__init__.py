"""The one port that everybody calls: an HAProxy process and the pure rendering of its files."""
