"""Blobs in a bucket of any S3-compatible object storage."""
