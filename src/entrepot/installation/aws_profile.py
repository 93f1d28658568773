"""An AWS profile that points its clients at this server, beside whatever profiles there are."""

import io
import re
from collections.abc import Mapping
from pathlib import Path

from entrepot.installation.credential_files import RootCredential
from entrepot.installation.files import write_durably

# Keys of the `services` section; its names have underscores for dashes.
_SERVICES = ("cloudtrail", "ecr", "entrepot", "iam", "sts")


_PROFILE = re.compile(r"[A-Za-z0-9._+@/-]{1,64}")


class ProfileNameInvalid(ValueError):
    """A name that cannot stand in the head of a section; the text says what can."""


def write_profile(
    profile: str,
    endpoint: str,
    credential: RootCredential,
    *,
    region: str,
    environment: Mapping[str, str],
    authority: Path | None = None,
) -> list[Path]:
    """Write the profile's keys and its `services` section; the files that were written.

    The files are AWS's own, `~/.aws/config` and `~/.aws/credentials` or where
    `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` say. Other sections stay as they are.
    Raises ProfileNameInvalid.
    """
    if not _PROFILE.fullmatch(profile):
        raise ProfileNameInvalid("profile: must be up to 64 letters, digits, and . _ - + @ /")
    home = Path(environment.get("HOME", "~")).expanduser() / ".aws"
    config = Path(environment.get("AWS_CONFIG_FILE") or home / "config").expanduser()
    credentials = Path(environment.get("AWS_SHARED_CREDENTIALS_FILE") or home / "credentials").expanduser()
    services = f"entrepot-{profile}"
    named = "default" if profile == "default" else f"profile {profile}"
    body = f"region = {region}\nservices = {services}"
    if authority is not None:
        body += f"\nca_bundle = {authority}"
    endpoints = "\n".join(f"{service} =\n  endpoint_url = {endpoint}" for service in _SERVICES)
    _replace_sections(config, {named: body, f"services {services}": endpoints})
    keys = f"aws_access_key_id = {credential.access_key_id}\naws_secret_access_key = {credential.secret}"
    _replace_sections(credentials, {profile: keys})
    return [config, credentials]


def _replace_sections(path: Path, sections: Mapping[str, str]) -> None:
    """Write sections of a file in place of those of the same name; comments and all others stay."""
    path = path.resolve()  # a link, of those who keep their settings elsewhere, stays one
    text = path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else ""
    for name, body in sections.items():
        text = _without_section(text, name).rstrip("\n")
        text = f"{text}\n\n[{name}]\n{body}\n" if text else f"[{name}]\n{body}\n"
    write_durably(path, text.encode("utf-8", errors="surrogateescape"))


def _without_section(text: str, name: str) -> str:
    """The text without a section; comments right above the next header are that one's, and stay."""
    kept: list[str] = []
    above_next: list[str] = []
    is_inside = False
    for line in io.StringIO(text):
        header = re.match(r"\[([^]]+)\]", line)
        if header:
            is_inside = header[1].split() == name.split()
            kept += above_next
            above_next = []
        if not is_inside:
            kept.append(line)
        elif line.startswith(("#", ";")):
            above_next.append(line)
        else:
            above_next = []
    return "".join(kept + above_next)
