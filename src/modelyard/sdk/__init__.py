"""What a user imports: one file per noun. The public names are those of ``modelyard`` itself."""
