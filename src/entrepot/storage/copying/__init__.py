"""Copying all rows from one database to another."""
