"""The process that keeps telemetry and answers questions about it."""
