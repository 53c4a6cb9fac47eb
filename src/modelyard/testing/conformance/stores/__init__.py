"""
The promises of every store, one suite per noun.

A suite asks for a fixture ``stores`` (a new, empty ``Stores``) or ``blobs`` (a ``BlobStore``).
"""
