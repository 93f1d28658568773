"""`python -m entrepot`, and what the `entrepot` command runs."""

import sys

from entrepot.cli import run


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
