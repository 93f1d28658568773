"""Which file system a path lies on, and whether SQLite may keep a database there."""

import re
from dataclasses import dataclass
from pathlib import Path

# WAL is memory and locks shared by the processes of one machine (sqlite.org/wal.html, "Overview")
# fmt: off
_NETWORK = frozenset(
    (
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre",
        "ncp", "ncpfs", "nfs", "nfs3", "nfs4", "ocfs2", "orangefs", "pvfs2", "smb3", "smbfs", "fuse.ceph",
        "fuse.cephfs", "fuse.curlftpfs", "fuse.davfs", "fuse.davfs2", "fuse.gcsfuse", "fuse.glusterfs",
        "fuse.goofys", "fuse.juicefs", "fuse.mount-s3", "fuse.moosefs", "fuse.nfs", "fuse.rclone",
        "fuse.s3fs", "fuse.smbnetfs", "fuse.sshfs", "fuse.weed"
    )
)
# fmt: on
_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(eq=False)
class NetworkFileSystem(Exception):
    """A SQLite database on a network file system would lose writes."""

    folder: str
    kind: str


def refuse_network_file_system(folder: Path) -> None:
    """Raise NetworkFileSystem; outside Linux nothing is known and nothing refused."""
    if not _MOUNTS.exists():
        return
    kind = file_system_of(folder.resolve(), _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape"))
    if kind in _NETWORK:
        raise NetworkFileSystem(str(folder), kind)


def file_system_of(path: Path, mounts: str) -> str:
    """The type of the file system an absolute path lies on, by the text of mountinfo; "" when unknown."""
    kind, depth = "", -1
    for line in mounts.splitlines():
        # 36 35 98:0 /root /mount/point rw,noatime shared:1 - ext4 /dev/sda rw      (proc(5))
        mount, _, source = line.partition(" - ")
        fields, source_fields = mount.split(" "), source.split(" ")
        if len(fields) < 5:
            continue
        point = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), fields[4]))
        # >=: a later mount on the same point hides the earlier one
        if path.is_relative_to(point) and len(point.parts) >= depth:
            kind, depth = source_fields[0], len(point.parts)
    return kind
