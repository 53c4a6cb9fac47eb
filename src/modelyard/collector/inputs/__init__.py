"""Inputs and outputs of models: from the workers' rings to hourly Parquet files."""
