"""What `benchmarks/serving.py` is made of: the peers, the models, the client, the tables."""
