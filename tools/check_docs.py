"""Checks what no compiler reads: links in Markdown, paths and hosts in tracked files, generated pages."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
GENERATED = {
    "docs/compatibility.md": "entrepot.services.compatibility",
    "docs/reference/metrics.md": "entrepot.telemetry.page",
}

LINK = re.compile(r"\[[^\]\n]{0,300}\]\(([^()\s]{1,300})\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)

# A path that exists on one machine only; /tmp alone is a place that every machine has.
MACHINE_PATH = re.compile(r"(?<![\w.:~$}\]/-])/(?:work|root|farm|tmp)/[\w.]+")
REGISTRY_HOST = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|proxy\.golang|sum\.golang|static\.crates|crates\.io|deb\.debian|repo1?\.maven",
)
# Lists of hosts or paths to refuse are no use of them.
EXEMPT = {"tools/check_docs.py"}


def main() -> int:
    complaints = [*check_tracked_files(), *check_links(), *check_generated_pages()]
    for complaint in complaints:
        print(complaint)
    print(f"documents: {len(complaints)} complaints")
    return 1 if complaints else 0


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, check=True, capture_output=True)
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def check_tracked_files() -> Iterator[str]:
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        if name in EXEMPT:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for pattern, what in (
                (MACHINE_PATH, "a path of one machine"),
                (REGISTRY_HOST, "a package registry's host"),
            ):
                found = pattern.search(line)
                if found:
                    yield f"{name}:{number}: {what}: {found.group()}"


def check_links() -> Iterator[str]:
    for page in tracked("*.md"):
        text = FENCE.sub("", page.read_text())
        for target in LINK.findall(text):
            if "://" in target or target.startswith("mailto:"):
                continue
            complaint = check_link(page, unquote(target))
            if complaint:
                yield f"{page.relative_to(ROOT)}: {complaint}"


def check_link(page: Path, target: str) -> str | None:
    name, _, anchor = target.partition("#")
    goal = (page.parent / name).resolve() if name else page
    if not goal.exists():
        return f"link to nothing: {target}"
    if anchor and goal.suffix == ".md" and anchor not in anchors(goal.read_text()):
        return f"link to no heading: {target}"
    return None


def anchors(text: str) -> set[str]:
    """The names that GitHub gives to a page's headings."""
    headings = HEADING.findall(FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def check_generated_pages() -> Iterator[str]:
    for page, module in GENERATED.items():
        if not module_exists(module):
            yield f"{page}: its generator {module} is missing"
            continue
        printed = subprocess.run(
            [sys.executable, "-m", module], cwd=ROOT, check=True, capture_output=True, text=True
        )
        path = ROOT / page
        if not path.exists() or path.read_text() != printed.stdout:
            yield f"{page}: differs from what `python -m {module}` prints"


def module_exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


if __name__ == "__main__":
    sys.exit(main())
