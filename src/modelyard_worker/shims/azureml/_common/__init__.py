"""Where the SDK keeps the root of its exceptions."""
