"""What any ARN says of where it is."""


def account_of(arn: str) -> str:
    """The account that an ARN names, "" where it names none."""
    return _part(arn, 4)


def region_of(arn: str) -> str:
    """The region that an ARN names, "" where it names none."""
    return _part(arn, 3)


def _part(arn: str, number: int) -> str:
    parts = arn.split(":", 5)
    return parts[number] if len(parts) == 6 else ""
