"""What bounds the processor and the memory of all workers of a front together."""
