"""Azure's own scoring server beside ours: the same scripts, the same requests, compared."""
