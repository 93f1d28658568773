"""What uploads, mounts, pushes, deletions and the collector do to one layer, transaction by transaction.

A model of `entrepot.registry`: small enough that every interleaving of its steps can be tried. There is one
digest under one encryption key, a repository for each client, and any number of rounds of the collector.
A step is one transaction, one read, or one thing done to the store of blobs; between any two of them
anybody else may act, or the process may die. Each names the function that it stands for:

    begin            uploads.LayerUploads.begin, append
    append           uploads.LayerUploads._advance
    look             uploads.LayerUploads._hold, which reads the upload's row
    store            blobs.finish: an upload's bytes become a blob's
    hold             uploads.LayerUploads._hold_layer
    cancel           uploads.drop_upload
    mount            mounts.Mounts._hold
    push             pushes.Pushes.put, of an image with this layer; perhaps of one that was deleted
    delete-image     deletions._remove, deleted_images.put: the image goes to the bin
    delete-for-good  deletions._remove, images.remove, where the bin keeps nothing
    restore          restorations.Restorations.image, deleted_images.take_back
    erase            recycle_bin._erase, deleted_images.erase
    delete-layer     deletions.Deletions.delete_layer
    find-uploads     collection._stale_uploads          drop       collection._drop_untouched
    find-layers      collection._unused_layers          release    collection._release
    find-unheld      collection._unheld_blobs           mark       collection._mark
    find-condemned   collection._condemned              remove     collection._remove
    find-thrown      collection._thrown                 unlink     blobs.delete_all
                                                        forget     collection._emptied
    die              a process ends between two steps: what it knew is lost, rows and bytes stay
    wait             time passes

Times are ages in units of the grace period, which is the same for uploads, layers and blobs. What is older
than one unit is old, as in the statements: they say `held_at < now - grace`. A round judges by the time at
which it looked, so its own age counts against all others; it lasts for at most `_LONGEST_ROUND`.

Not in the model: clocks of nodes that differ, and removed repositories, whose rows go the way of
released layers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

_GRACE = 1
_LONGEST_ROUND = 1
_OLDEST = _GRACE + 1 + _LONGEST_ROUND  # what is older is not told apart from it

NOWHERE, UPLOADED, STORED = range(3)  # where bytes lie, by key


class Weakness(Enum):
    """What the protocol would be without one of its precautions; each must lose something."""

    RELEASES_AT_ONCE = "a layer that no image uses is released without grace"
    RELEASES_UNSEEN = "a layer is released without another look at the images"
    REMOVES_AT_ONCE = "a marked blob is removed without grace"
    REMOVES_UNSEEN = "a condemned blob is removed without another look at who holds it"
    THROWS_UNSEEN = "the bytes of a condemned blob are thrown away though its row was won back"
    UNLINKS_FIRST = "bytes are deleted before their row is removed"
    MARK_STAYS = "whoever holds a marked blob again leaves the mark on it"
    MARKS_BACKDATED = "a mark is of the time at which the round began"
    DROPS_UNSEEN = "a stale upload is dropped without another look at its row"
    HOLDS_UNSEEN = "an upload is finished without another look at its row"
    BIN_HOLDS_NOTHING = "an image goes to the bin and its layers are not held there"
    RESTORES_UNHELD = "an image comes back and its layers are not held again"
    DELETES_WITHOUT_RENEWAL = "the layers of a deleted image count as held since they were pushed"


SOUND: frozenset[Weakness] = frozenset()


class Blob(NamedTuple):
    """The row of the bytes that count, and `free`: for how long nobody has held them, which no row says."""

    key: int
    created: int
    mark: int | None
    free: int


class Held(NamedTuple):
    """The row by which a repository holds the layer; `told` is since when its client relies on that."""

    key: int
    held: int
    told: int


class Upload(NamedTuple):
    """The row of an upload."""

    key: int
    touched: int


class Finishing(NamedTuple):
    """A request that finishes an upload: what it has found, and whether its bytes are a blob's by now."""

    key: int
    is_stored: bool


class Round(NamedTuple):
    """What a round of the collector has found and not acted on yet."""

    action: str
    age: int
    found: tuple[int, ...]
    upload: Upload | None = None


class State(NamedTuple):
    """All rows and bytes, and what each process knows; the tuples of clients are in their order.

    `held` and `has_image` are of the clients' repositories, and then of the bins of the first of them.
    """

    blob: Blob | None
    held: tuple[Held | None, ...]
    has_image: tuple[bool, ...]
    uploads: tuple[Upload | None, ...]
    trash: frozenset[int]
    lying: tuple[int, ...]
    finishing: tuple[Finishing | None, ...]
    rounds: tuple[Round | None, ...]


class Step(NamedTuple):
    """What happens, whose doing it is (a client's or a round's number), and to which key."""

    name: str
    actor: int = 0
    key: int | None = None


@dataclass(eq=False)
class Loss(Exception):
    """The protocol did what it must never do: what, and by which step where that alone shows it."""

    why: str
    step: Step | None = None


def beginning(*, clients: int, rounds: int, keys: int, bins: int = 0) -> State:
    """Nothing is there. At no time are there more than `keys` sets of bytes; some clients have a bin."""
    return State(
        blob=None,
        held=(None,) * (clients + bins),
        has_image=(False,) * (clients + bins),
        uploads=(None,) * clients,
        trash=frozenset(),
        lying=(NOWHERE,) * keys,
        finishing=(None,) * clients,
        rounds=(None,) * rounds,
    )


def check(state: State) -> None:
    """Raise Loss where an acknowledged push, mount or restore lacks its blob."""
    for client, held in enumerate(state.held):
        if held is None:
            if state.has_image[client]:
                raise Loss("an image's layer is not held")
        elif state.blob is None or state.blob.key != held.key:
            raise Loss("a layer that is held has no blob")
        elif state.lying[held.key] != STORED:
            raise Loss("a layer that is held has no bytes")
    if state.blob is not None and state.blob.key in state.trash:
        raise Loss("bytes that count are in the trash")


def steps(state: State, weak: frozenset[Weakness] = SOUND) -> Iterator[tuple[Step, State]]:
    """Every step that can be taken now, with what comes of it; raises Loss where grace is not kept."""
    for client in range(len(state.uploads)):
        yield from _client_steps(state, client, weak)
    for number, going in enumerate(state.rounds):
        if going is None:
            yield from _findings(state, number, weak)
        else:
            try:
                yield from _actions(state, number, going, weak)
            except Loss as loss:
                loss.step = Step(going.action, number)
                raise
            yield Step("die-round", number), _with_round(state, number, None)
    if all(going is None or going.age < _LONGEST_ROUND for going in state.rounds):
        yield Step("wait"), _later(state)


def _client_steps(state: State, client: int, weak: frozenset[Weakness]) -> Iterator[tuple[Step, State]]:
    upload, finishing, held = state.uploads[client], state.finishing[client], state.held[client]
    if upload is None and finishing is None:
        key = _fresh_key(state)
        if key is not None:
            begun = _at(state.uploads, client, Upload(key, 0))
            yield (
                Step("begin", client, key),
                state._replace(uploads=begun, lying=_at(state.lying, key, UPLOADED)),
            )
    if upload is not None and finishing is None:
        if upload.touched:
            again = _at(state.uploads, client, Upload(upload.key, 0))
            yield Step("append", client), state._replace(uploads=again)
        looked = _at(state.finishing, client, Finishing(upload.key, is_stored=False))
        yield Step("look", client), state._replace(finishing=looked)
        yield Step("cancel", client), _dropped(state, client)
    if finishing is not None:
        yield from _finishing_steps(state, client, finishing, weak)
        yield Step("die", client), state._replace(finishing=_at(state.finishing, client, None))
    repositories = enumerate(state.held[: len(state.uploads)])
    other = next((each for at, each in repositories if at != client and each is not None), None)
    if other is not None and _has_blob(state, other) and (held is None or held.held):
        yield Step("mount", client), _holding(state, client, other.key, weak)
    if held is not None and not state.has_image[client]:
        if _has_blob(state, held):
            yield Step("push", client), state._replace(has_image=_at(state.has_image, client, True))
        yield Step("delete-layer", client), state._replace(held=_at(state.held, client, None))
    if len(state.uploads) + client < len(state.held):
        yield from _bin_steps(state, client, len(state.uploads) + client, weak)
    if state.has_image[client] and held is not None:
        since = held.held if Weakness.DELETES_WITHOUT_RENEWAL in weak else 0
        renewed = _at(state.held, client, Held(held.key, since, 0))
        gone = _at(state.has_image, client, False)
        yield Step("delete-for-good", client), state._replace(held=renewed, has_image=gone)


def _bin_steps(
    state: State, client: int, place: int, weak: frozenset[Weakness]
) -> Iterator[tuple[Step, State]]:
    """What a client does with its bin; what the bin holds no client was told of."""
    held, binned = state.held[client], state.held[place]
    if state.has_image[client] and held is not None:
        since = held.held if Weakness.DELETES_WITHOUT_RENEWAL in weak else 0
        renewed = _at(state.held, client, Held(held.key, since, 0))
        # One that is there already is erased before.
        in_bin = None if Weakness.BIN_HOLDS_NOTHING in weak else Held(held.key, 0, _OLDEST)
        moved = _at(_at(state.has_image, client, False), place, True)
        yield Step("delete-image", client), state._replace(held=_at(renewed, place, in_bin), has_image=moved)
    if state.has_image[place]:
        erased = state._replace(
            held=_at(state.held, place, None), has_image=_at(state.has_image, place, False)
        )
        yield Step("erase", client), erased
        if state.has_image[client]:
            yield Step("restore", client), erased
            return
        if held is None and binned is not None and Weakness.RESTORES_UNHELD not in weak:
            erased = erased._replace(held=_at(erased.held, client, Held(binned.key, 0, 0)))
        restored = erased._replace(has_image=_at(erased.has_image, client, True))
        yield Step("restore", client), restored


def _finishing_steps(
    state: State, client: int, finishing: Finishing, weak: frozenset[Weakness]
) -> Iterator[tuple[Step, State]]:
    key = finishing.key
    if not finishing.is_stored:
        if state.lying[key] != NOWHERE:  # else it is refused
            stored = state._replace(
                lying=_at(state.lying, key, STORED),
                finishing=_at(state.finishing, client, Finishing(key, is_stored=True)),
            )
            yield Step("store", client), stored
        return
    ended = state._replace(finishing=_at(state.finishing, client, None))
    current = state.uploads[client]
    if (current is None or current.key != key) and Weakness.HOLDS_UNSEEN not in weak:
        yield Step("hold", client), ended  # it is refused: the upload was dropped
        return
    ended = ended._replace(uploads=_at(state.uploads, client, None))
    if state.blob is None:
        counting = ended._replace(blob=Blob(key, created=0, mark=None, free=0))
        yield Step("hold", client), _holding(counting, client, key, weak)
    else:
        thrown = ended._replace(trash=state.trash | {key})
        yield Step("hold", client), _holding(thrown, client, state.blob.key, weak)


def _findings(state: State, number: int, weak: frozenset[Weakness]) -> Iterator[tuple[Step, State]]:
    def found(name: str, action: str, *what: int, upload: Upload | None = None) -> tuple[Step, State]:
        key = what[0] if name == "find-thrown" else None
        return Step(name, number, key), _with_round(state, number, Round(action, 0, what, upload))

    for client, upload in enumerate(state.uploads):
        if upload is not None and _is_old(upload.touched):
            yield found("find-uploads", "drop", client, upload=upload)
    unused = [
        client
        for client, held in enumerate(state.held)
        if held is not None
        and not state.has_image[client]
        and (_is_old(held.held) or Weakness.RELEASES_AT_ONCE in weak)
    ]
    if unused:
        yield found("find-layers", "release", *unused)
    blob = state.blob
    if blob is not None:
        if blob.mark is None and _is_old(blob.created) and not _is_held(state, blob.key):
            yield found("find-unheld", "mark", blob.key)
        if blob.mark is not None and (_is_old(blob.mark) or Weakness.REMOVES_AT_ONCE in weak):
            yield found("find-condemned", "unlink-first" if _unlinks_first(weak) else "remove", blob.key)
    for key in sorted(state.trash):
        yield found("find-thrown", "unlink", key)


def _actions(
    state: State, number: int, going: Round, weak: frozenset[Weakness]
) -> Iterator[tuple[Step, State]]:
    step, done = Step(going.action, number), _with_round(state, number, None)
    match going.action:
        case "drop":
            (client,) = going.found
            is_untouched = state.uploads[client] == going.upload
            if is_untouched or (Weakness.DROPS_UNSEEN in weak and going.upload is not None):
                key = going.upload.key if going.upload is not None else 0
                done = done._replace(uploads=_at(state.uploads, client, None), trash=state.trash | {key})
            yield step, done
        case "release":
            yield step, _released(done, going, weak)
        case "mark":
            yield step, _marked(done, going, weak)
        case "unlink-first":
            (key,) = going.found
            unlinked = state._replace(lying=_at(state.lying, key, NOWHERE))
            yield step, _with_round(unlinked, number, going._replace(action="remove"))
        case "remove":
            yield step, _removed(done, going, weak)
        case "unlink":
            (key,) = going.found
            unlinked = state._replace(lying=_at(state.lying, key, NOWHERE))
            yield step, _with_round(unlinked, number, going._replace(action="forget"))
        case "forget":
            (key,) = going.found
            yield step, done._replace(trash=state.trash - {key})


def _released(state: State, going: Round, weak: frozenset[Weakness]) -> State:
    for client in going.found:
        held = state.held[client]
        if held is None:
            continue
        is_unused = not state.has_image[client] or Weakness.RELEASES_UNSEEN in weak
        is_old = _is_old(held.held, going.age) or Weakness.RELEASES_AT_ONCE in weak
        if is_unused and is_old:
            if not state.has_image[client] and held.told <= _GRACE:
                raise Loss("a layer is released that a client was told of within the grace period")
            state = state._replace(held=_at(state.held, client, None))
    return state


def _marked(state: State, going: Round, weak: frozenset[Weakness]) -> State:
    (key,) = going.found
    blob = state.blob
    if blob is None or blob.key != key or blob.mark is not None or _is_held(state, key):
        return state
    return state._replace(blob=blob._replace(mark=going.age if Weakness.MARKS_BACKDATED in weak else 0))


def _removed(state: State, going: Round, weak: frozenset[Weakness]) -> State:
    (key,) = going.found
    blob = state.blob
    is_there = blob is not None and blob.key == key
    is_unheld = not _is_held(state, key) or Weakness.REMOVES_UNSEEN in weak
    is_old = (
        blob is not None
        and blob.mark is not None
        and (_is_old(blob.mark, going.age) or Weakness.REMOVES_AT_ONCE in weak)
    )
    if is_there and (Weakness.REMOVES_UNSEEN in weak or (is_unheld and is_old)):
        if blob is not None and blob.free <= _GRACE and not _is_held(state, key):
            raise Loss("a blob is removed that somebody held within the grace period")
        return state._replace(blob=None, trash=state.trash | {key})
    return state._replace(trash=state.trash | {key}) if Weakness.THROWS_UNSEEN in weak else state


def _holding(state: State, client: int, key: int, weak: frozenset[Weakness]) -> State:
    """The client's repository holds the blob from now on, which takes the mark off it."""
    blob = state.blob
    if blob is not None and blob.key == key:
        mark = blob.mark if Weakness.MARK_STAYS in weak else None
        blob = Blob(key, blob.created, mark, 0)
    return state._replace(blob=blob, held=_at(state.held, client, Held(key, 0, 0)))


def _dropped(state: State, client: int) -> State:
    upload = state.uploads[client]
    if upload is None:
        return state
    return state._replace(uploads=_at(state.uploads, client, None), trash=state.trash | {upload.key})


def _later(state: State) -> State:
    blob = state.blob
    if blob is not None:
        free = 0 if _is_held(state, blob.key) else _older(blob.free)
        mark = None if blob.mark is None else _older(blob.mark)
        blob = Blob(blob.key, _older(blob.created), mark, free)
    return state._replace(
        blob=blob,
        held=tuple(
            None if held is None else Held(held.key, _older(held.held), _older(held.told))
            for held in state.held
        ),
        uploads=tuple(map(_older_upload, state.uploads)),
        rounds=tuple(
            None if going is None else going._replace(age=going.age + 1, upload=_older_upload(going.upload))
            for going in state.rounds
        ),
    )


def _older(age: int) -> int:
    return min(age + 1, _OLDEST)


def _older_upload(upload: Upload | None) -> Upload | None:
    return None if upload is None else Upload(upload.key, _older(upload.touched))


def _is_old(age: int, round_age: int = 0) -> bool:
    return age - round_age > _GRACE


def _is_held(state: State, key: int) -> bool:
    return any(held is not None and held.key == key for held in state.held)


def _has_blob(state: State, held: Held) -> bool:
    """Whether the row that a layer is found by joins with one of a blob."""
    return state.blob is not None and state.blob.key == held.key


def _unlinks_first(weak: frozenset[Weakness]) -> bool:
    return Weakness.UNLINKS_FIRST in weak


def _with_round(state: State, number: int, going: Round | None) -> State:
    return state._replace(rounds=_at(state.rounds, number, going))


def _fresh_key(state: State) -> int | None:
    used = keys_in_use(state)
    return next((key for key in range(len(state.lying)) if key not in used), None)


def keys_in_use(state: State) -> list[int]:
    """The keys that a row, bytes or a process know, in an order that does not depend on their numbers."""
    used = [] if state.blob is None else [state.blob.key]
    used += [held.key for held in state.held if held is not None]
    used += [upload.key for upload in state.uploads if upload is not None]
    used += [finishing.key for finishing in state.finishing if finishing is not None]
    for going in state.rounds:
        if going is not None:
            used += going.found if going.upload is None and going.action != "release" else ()
            used += [going.upload.key] if going.upload is not None else ()
    used += sorted(state.trash, key=lambda key: state.lying[key])
    used += sorted((key for key, where in enumerate(state.lying) if where), key=state.lying.__getitem__)
    return list(dict.fromkeys(used))


def _at(values: tuple, place: int, value: object) -> tuple:  # type: ignore[type-arg]
    return (*values[:place], value, *values[place + 1 :])
