"""What umbrella.toml says."""
