"""What people do, one file per noun: plain classes that are given ports, and pure decisions."""
