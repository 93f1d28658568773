"""The collector's protocol, tried in every interleaving: nothing that was acknowledged lacks its blob.

And without any one of its precautions something does, so that the model can tell.
"""

from collections.abc import Callable

import pytest

from tests.unit.model.exploration import CounterExample, explore
from tests.unit.model.protocol import State, Weakness, beginning

# Larger ones than these take minutes.
SIZES = {
    "two clients": beginning(clients=2, rounds=1, keys=2),
    "two rounds": beginning(clients=1, rounds=2, keys=2),
    "a bin": beginning(clients=2, bins=1, rounds=1, keys=1),
}
SMALL = [  # a loss is found in the first that has room for it
    beginning(clients=1, rounds=1, keys=1),
    beginning(clients=2, rounds=1, keys=1),
    beginning(clients=1, rounds=1, keys=2),
    beginning(clients=1, rounds=2, keys=1),
    beginning(clients=1, bins=1, rounds=1, keys=1),
    *SIZES.values(),
]
STEPS = {
    "begin", "append", "look", "store", "hold", "cancel", "mount", "push", "delete-for-good", "delete-layer",
    "find-uploads", "drop", "find-layers", "release", "find-unheld", "mark", "find-condemned", "remove",
    "find-thrown", "unlink", "forget", "die", "die-round", "wait",
}  # fmt: skip
BIN_STEPS = {"delete-image", "restore", "erase"}


@pytest.mark.parametrize("name", SIZES)
def test_attack_44_no_interleaving_loses_what_was_acknowledged(
    name: str, tell: Callable[[str], None]
) -> None:
    covered = explore(SIZES[name])

    expected = STEPS - ({"mount"} if name == "two rounds" else set())
    assert set(covered.kinds) == expected | (BIN_STEPS if name == "a bin" else set())
    tell(str(covered))


@pytest.mark.parametrize("weakness", Weakness, ids=lambda weakness: weakness.name.lower())
def test_attack_44_without_any_one_precaution_the_model_finds_a_loss(weakness: Weakness) -> None:
    found = next(filter(None, (counter_example(start, weakness) for start in SMALL)), None)

    assert found is not None
    assert len(found.way) > 3, found


def counter_example(start: State, weakness: Weakness) -> CounterExample | None:
    """The shortest way to a loss, None where there is none."""
    try:
        explore(start, frozenset({weakness}))
    except CounterExample as found:
        return found
    return None
