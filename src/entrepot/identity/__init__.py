"""Principals, credentials, sessions, tokens and decisions."""
