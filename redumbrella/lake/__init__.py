"""What happened: append-only Delta tables, read through DuckDB."""
