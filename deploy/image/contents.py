"""What goes into the image, and what of it is left out."""

from fnmatch import fnmatch

# Python, and the libraries that its modules and the wheels are linked with: a build in which one lacks fails.
DEBIAN_PACKAGES = (
    "ca-certificates",
    "gcc-12-base",  # the licence of the two libraries from gcc
    "libbz2-1.0",
    "libc6",
    "libcrypt1",
    "libexpat1",
    "libffi8",
    "libgcc-s1",
    "liblzma5",
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
    "libsqlite3-0",
    "libssl3",
    "libstdc++6",
    "libuuid1",
    "netbase",
    "python3.11-minimal",
    "zlib1g",
)

# botocore has the models of over 400 services. These are offered, or asked by Entrepot itself: credentials
# (sts), blobs (s3), keys (kms).
SERVICE_MODELS = ("cloudtrail", "ecr", "ecr-public", "iam", "kms", "s3", "sts")

# The lock has the build tool too; nothing is built in the image.
BUILD_ONLY = frozenset({"setuptools"})

# By path in the image. A `*` takes slashes too.
_LEFT_OUT = (
    # Read by people, or by programs that are not there.
    "usr/share/doc/*/README*",
    "usr/share/doc/*/NEWS*",
    "usr/share/doc/*/changelog*",
    "usr/share/doc/*/examples/*",
    "usr/share/doc/*.html",
    "usr/share/lintian/*",
    "usr/share/man/*",
    "usr/share/locale/*",
    "usr/share/binfmts/*",
    "usr/share/applications/*",
    "usr/share/pixmaps/*",
    "usr/share/python3/*",
    # glibc's converters between character sets: Python has its own. C.UTF-8 is the only locale.
    "usr/lib/*/gconv/*",
    # Programs of packages whose libraries are wanted.
    "usr/sbin/*",
    "usr/bin/pdb3*",
    "usr/bin/pygettext*",
    # The certificates one by one: the image has them in one file.
    "usr/share/ca-certificates/*",
    # Modules that nothing imports, some with libraries of their own: ncurses, readline, Berkeley DB, NIS; and
    # East Asian character sets.
    "usr/lib/python3.11/lib-dynload/_codecs_*",
    "usr/lib/python3.11/lib-dynload/_curses*",
    "usr/lib/python3.11/lib-dynload/_dbm*",
    "usr/lib/python3.11/lib-dynload/_test*",
    "usr/lib/python3.11/lib-dynload/_xx*",
    "usr/lib/python3.11/lib-dynload/nis*",
    "usr/lib/python3.11/lib-dynload/ossaudiodev*",
    "usr/lib/python3.11/lib-dynload/readline*",
    "usr/lib/python3.11/config-*",
    "usr/lib/python3.11/curses/*",
    "usr/lib/python3.11/distutils/*",
    "usr/lib/python3.11/lib2to3/*",
    "usr/lib/python3.11/pydoc_data/*",
    "usr/lib/python3.11/test/*",
    "usr/lib/python3.11/turtledemo/*",
    "usr/lib/python3.11/turtle.py",
    "usr/lib/python3.11/unittest/*",
    # Mathematics over vectors: nothing is linked with it.
    "*/libmvec*",
    # What makes bindings to C when a wheel is built. cryptography needs the compiled part alone.
    "*/dist-packages/cffi/*",
    "*/dist-packages/pycparser/*",
    # Of Google's common messages OpenTelemetry's exporter has no use for these.
    "*/dist-packages/google/api/*",
    "*/dist-packages/google/cloud/*",
    "*/dist-packages/google/gapic/*",
    "*/dist-packages/google/logging/*",
    "*/dist-packages/google/longrunning/*",
    "*/dist-packages/google/type/*",
    # Of the wheels: sources of compiled modules, types, tests, and lists of files that are true no longer.
    "*.c",
    "*.h",
    "*.pxd",
    "*.pxi",
    "*.pyi",
    "*.pyx",
    "*.proto",
    "*/tests/*",
    "*.dist-info/RECORD",
    "*/botocore/data/*/examples-1.json",
    "*/botocore/data/*/waiters-2*.json*",
)


def is_wanted(path: str) -> bool:
    """Whether the file at this path of the image, without a leading slash, goes into it."""
    if any(fnmatch(path, pattern) for pattern in _LEFT_OUT):
        return False
    _, found, data = path.partition("/botocore/data/")
    # Beside the folders of services lie the tables of all: endpoints, partitions, retries, defaults.
    return not found or "/" not in data or data.partition("/")[0] in SERVICE_MODELS
