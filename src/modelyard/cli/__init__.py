"""The ``modelyard`` command, one file per noun; it speaks to the server through the SDK."""
