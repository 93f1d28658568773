"""Builds the container image of Entrepot from Debian's packages and the locked wheels."""
