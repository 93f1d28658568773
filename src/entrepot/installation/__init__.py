"""What a server leaves on disk beside its data, and its first start."""
