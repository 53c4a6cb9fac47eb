"""Where things are kept: metadata in SQL, files by their content."""
