"""Requests that the server makes to others over HTTPS, and whom it may ask."""
