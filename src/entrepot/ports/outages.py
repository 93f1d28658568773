"""What the server depends on and cannot use: an answer to wait for, not a bug to report."""


class Outage(Exception):
    """Something the server depends on cannot be used now; nothing was changed, trying again may help."""


class Unsettled(Exception):
    """A change was asked for and no answer came: it was made or it was not, trying again settles it."""
