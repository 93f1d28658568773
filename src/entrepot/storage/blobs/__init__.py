"""Bytes of layers and configs, at rest and on their way in."""
