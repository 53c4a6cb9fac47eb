"""What runs in the environments of the peers; none of it runs in ours."""
