"""Parameters as others may see them: without what a service's model calls sensitive, and without bytes."""

from collections.abc import Mapping
from typing import cast

from entrepot.aws.model import Blob, ListOf, MapOf, Shape, Structure, Text
from entrepot.domain.audit import HIDDEN


def without_sensitive(
    shapes: Mapping[str, Shape], shape: str | None, params: Mapping[str, object]
) -> Mapping[str, object]:
    """The decoded parameters of an operation whose input has this shape."""
    return cast("Mapping[str, object]", _cleaned(shapes, shape, params)) if shape is not None else {}


def _cleaned(shapes: Mapping[str, Shape], name: str, value: object) -> object:
    match shapes[name], value:
        case Structure(members=members), Mapping():
            return {
                member: _cleaned(shapes, members[member].shape, inner)
                for member, inner in value.items()
                if member in members and not isinstance(shapes[members[member].shape], Blob)
            }
        case ListOf(item=item), list() | tuple():
            return [_cleaned(shapes, item.shape, inner) for inner in value]
        case MapOf(value=entry), Mapping():
            return {key: _cleaned(shapes, entry.shape, inner) for key, inner in value.items()}
        case Text(is_sensitive=True), _:
            return HIDDEN
    return value
