"""Entrepot: a self-hosted Amazon ECR."""

__version__ = "0.1.0"
