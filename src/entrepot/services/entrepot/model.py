"""The model of our own service, in botocore's format, laid out as botocore and AWS's clients look for it."""

from pathlib import Path

NAME = "entrepot"
FOLDER = Path(__file__).parent / "data"
"""Has `entrepot/API-VERSION/service-2.json`; a folder of this layout can be named by AWS_DATA_PATH."""
