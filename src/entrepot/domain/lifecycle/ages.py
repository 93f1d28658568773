"""When something is older than a rule allows."""

from collections.abc import Callable
from datetime import datetime, timedelta

from entrepot.domain.lifecycle.policies import Selection

_MOST_DAYS = timedelta.max.days


def over_age(selection: Selection, now: datetime) -> Callable[[datetime], bool]:
    """Whether what happened then is longer ago than the selection's days."""
    longest = timedelta(days=min(selection.count_number, _MOST_DAYS))
    return lambda since: now - since > longest
