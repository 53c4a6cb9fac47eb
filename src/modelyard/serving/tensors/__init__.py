"""Bodies of every kind to tensors and back; pure, and without numpy, which only models have."""
