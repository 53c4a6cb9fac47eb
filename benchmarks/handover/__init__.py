"""Ways to keep one record of a request, for ``telemetry_handover``: each in what it needs."""
