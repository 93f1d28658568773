"""What time it is, and names that nobody has used before."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""Now, aware UTC."""

NewId = Callable[[], str]
"""A fresh random UUID, lower case with dashes."""
