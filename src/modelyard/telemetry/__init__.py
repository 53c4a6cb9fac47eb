"""What is known of requests, logs and machines: records, the ring they travel in, their tables."""
