"""The OCI distribution protocol on `/v2/`."""
