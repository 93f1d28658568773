"""The root key ring and the data keys it wraps."""
