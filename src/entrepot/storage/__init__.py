"""Adapters of the ports: rows and blobs."""
