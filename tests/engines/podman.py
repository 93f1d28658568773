"""podman and buildah, with images, credentials and settings of their own."""

from pathlib import Path

from tests.engines.client import Client, open_client
from tests.engines.programs import require_root

# No machine may be asked to raise a limit, nor has every one the kernel's overlay at this place.
_CONTAINERS = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
_STORAGE = """\
[storage]
driver = "vfs"
graphroot = "{home}/images"
runroot = "{home}/run"
"""
_REGISTRIES = """\
[[registry]]
location = "{registry}"
insecure = true
"""


def open_podman(home: Path, *registries: str) -> Client:
    """A podman that meets these registries over plain HTTP, and keeps all it has in its home."""
    return _open("podman", home, registries)


def open_buildah(home: Path, *registries: str) -> Client:
    """The same for buildah; of one home, both know the same images and logins."""
    return _open("buildah", home, registries)


def _open(name: str, home: Path, registries: tuple[str, ...]) -> Client:
    require_root(name)
    settings = home / ".config" / "containers"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    (settings / "containers.conf").write_text(_CONTAINERS)
    (settings / "storage.conf").write_text(_STORAGE.format(home=home))
    (settings / "registries.conf").write_text(
        "".join(_REGISTRIES.format(registry=registry) for registry in registries)
    )
    return open_client(
        name,
        home,
        {
            "CONTAINERS_CONF": f"{settings}/containers.conf",
            "CONTAINERS_STORAGE_CONF": f"{settings}/storage.conf",
            "CONTAINERS_REGISTRIES_CONF": f"{settings}/registries.conf",
            "XDG_RUNTIME_DIR": str(home),
            # Where it lies without being said, for `podman manifest inspect` does not look here.
            "REGISTRY_AUTH_FILE": f"{home}/containers/auth.json",
            "BUILDAH_ISOLATION": "chroot",
        },
    )
