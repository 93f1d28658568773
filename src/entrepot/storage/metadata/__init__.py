"""Rows: one module a subject, its SQL once for SQLite and PostgreSQL."""
