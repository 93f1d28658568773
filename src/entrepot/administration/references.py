"""Images as people and programs write them: `team/app:v1`, `registry.example/team/app@sha256:…`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from entrepot.administration.connection import NotAnswered

_REFERENCE = re.compile(r"(?P<name>[^@]+?)(?::(?P<tag>[^:/@]+))?(?:@(?P<digest>[a-z0-9]+:[0-9a-f]+))?")
_ACCOUNT_HOST = re.compile(r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<rest>.+)")


@dataclass(frozen=True, slots=True)
class Reference:
    """A repository, and an image of it by tag, by digest or by both; "" for what is not given."""

    host: str
    name: str
    tag: str
    digest: str

    @property
    def image_id(self) -> Mapping[str, str]:
        """As operations name an image."""
        given = {"imageTag": self.tag, "imageDigest": self.digest}
        return {member: value for member, value in given.items() if value}


def read_reference(text: str, *, has_host: bool = False) -> Reference:
    """The reference in the text; raises NotAnswered.

    Where it may have a host or not, a host is told by a port, or by the form of ECR's.
    """
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise NotAnswered(f"{text}: must be REPOSITORY:TAG or REPOSITORY@DIGEST")
    host, slash, name = found["name"].partition("/")
    is_host = bool(slash) and (has_host or ":" in host or _ACCOUNT_HOST.fullmatch(host) is not None)
    return Reference(
        host=host if is_host else "",
        name=name if is_host else found["name"],
        tag=found["tag"] or "",
        digest=found["digest"] or "",
    )


def read_image(text: str) -> Reference:
    """A reference that names an image; raises NotAnswered."""
    reference = read_reference(text)
    if not reference.image_id:
        raise NotAnswered(f"{text}: must be REPOSITORY:TAG or REPOSITORY@DIGEST")
    return reference


@dataclass(frozen=True, slots=True)
class RegistryHosts:
    """The hosts that images of one server may stand under, as its own registry's host tells.

    On a server with ECR's names the other accounts of the same region have hosts of their own.
    """

    own: str
    others: tuple[str, ...] = ()

    def account_of(self, host: str) -> str | None:
        """The account of a host of this server, "" for the caller's own; None for any other host."""
        if host == self.own or host in self.others:
            return ""
        own, other = _ACCOUNT_HOST.fullmatch(self.own), _ACCOUNT_HOST.fullmatch(host)
        if own is not None and other is not None and own["rest"] == other["rest"]:
            return other["account"]
        return None
