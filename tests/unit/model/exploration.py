"""Every interleaving of a model's steps, by looking at each state once, however many ways lead to it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.unit.model.protocol import (
    SOUND,
    Loss,
    Round,
    State,
    Step,
    Weakness,
    check,
    keys_in_use,
    steps,
)


@dataclass(frozen=True, slots=True)
class Covered:
    """How much was looked at: sequences of steps that differ are interleavings, and there is no end to them.

    `interleavings` counts those of `length` steps; every one that is longer runs through the same states.
    """

    states: int
    transitions: int
    depth: int
    length: int
    interleavings: int
    kinds: Counter[str]

    def __str__(self) -> str:
        return (
            f"{self.states:,} states, {self.transitions:,} steps between them, the last {self.depth} away; "
            f"{self.interleavings:,} interleavings of {self.length} steps"
        )


@dataclass(eq=False)
class CounterExample(Exception):
    """The steps that lead to a loss, which is the shortest way there."""

    why: str
    way: tuple[Step, ...]

    def __str__(self) -> str:
        return f"{self.why}: " + ", ".join(_told(step) for step in self.way)


def explore(start: State, weak: frozenset[Weakness] = SOUND, *, length: int = 20) -> Covered:
    """Look at all that can be reached; raises CounterExample where something is first lost."""
    first = canonical(start)
    states, came = {first: 0}, list[tuple[int, Step] | None]([None])
    following: list[list[int]] = []
    kinds: Counter[str] = Counter()
    level, depth = [first], 0
    while level:
        deeper = []
        for state in level:
            place, followers = len(following), []
            for step, result in _checked(state, weak, came, place):
                kinds[step.name] += 1
                to = canonical(result)
                number = states.setdefault(to, len(came))
                if number == len(came):
                    came.append((place, step))
                    deeper.append(to)
                followers.append(number)
            following.append(followers)
        level = deeper
        depth += bool(deeper)
    ways = _count_ways(following, length)
    return Covered(len(states), sum(map(len, following)), depth, length, ways, kinds)


def _checked(
    state: State, weak: frozenset[Weakness], came: list[tuple[int, Step] | None], place: int
) -> Iterator[tuple[Step, State]]:
    """What follows; raises CounterExample where something is lost by it."""
    step: Step | None = None
    try:
        for step, result in steps(state, weak):
            check(result)
            yield step, result
    except Loss as loss:
        last = loss.step or step
        way = _way(came, place)
        raise CounterExample(loss.why, way if last is None else (*way, last)) from loss


def canonical(state: State) -> State:
    """The same state with its keys numbered in an order of their own, for they are random and all alike.

    Rounds of the collector are alike, too.
    """
    used = keys_in_use(state)
    if used == list(range(len(used))):
        return state
    new = {key: number for number, key in enumerate(used)}
    blob = state.blob
    lying = [0] * len(state.lying)
    for key, number in new.items():
        lying[number] = state.lying[key]
    return State(
        blob if blob is None else blob._replace(key=new[blob.key]),
        tuple(each if each is None else each._replace(key=new[each.key]) for each in state.held),
        state.has_image,
        tuple(each if each is None else each._replace(key=new[each.key]) for each in state.uploads),
        frozenset(new[key] for key in state.trash),
        tuple(lying),
        tuple(each if each is None else each._replace(key=new[each.key]) for each in state.finishing),
        tuple(each if each is None else _renamed(each, new) for each in state.rounds),
    )


def _renamed(going: Round, new: dict[int, int]) -> Round:
    if going.upload is not None:
        return going._replace(upload=going.upload._replace(key=new[going.upload.key]))
    if going.action == "release":
        return going
    return going._replace(found=tuple(new[key] for key in going.found))


def _way(came: list[tuple[int, Step] | None], place: int) -> tuple[Step, ...]:
    return tuple(reversed(list(_back(came, place))))


def _back(came: list[tuple[int, Step] | None], place: int) -> Iterator[Step]:
    at = came[place]
    while at is not None:
        yield at[1]
        at = came[at[0]]


def _count_ways(following: list[list[int]], length: int) -> int:
    """How many sequences of so many steps there are from the beginning."""
    ways = {0: 1}
    for _ in range(length):
        longer: Counter[int] = Counter()
        for place, count in ways.items():
            for to in following[place]:
                longer[to] += count
        ways = dict(longer)
    return sum(ways.values())


def _told(step: Step) -> str:
    return f"{step.name} {step.actor}" + ("" if step.key is None else f" (key {step.key})")
