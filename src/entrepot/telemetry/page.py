"""Prints docs/reference/metrics.md: every metric, from the list that the program itself uses."""

from entrepot.telemetry.families import FAMILIES, Family

_HEAD = """\
# Metrics

Printed by `python -m entrepot.telemetry.page`; the words are those of
[families.py](../../src/entrepot/telemetry/families.py). How to have them served:
[operations](../operations.md#metrics).

Both formats are offered, Prometheus' text and OpenMetrics. A page tells of all processes of one node. What
they count alike is added up; where there is a label `process` it says which one: `requests-1`, `requests-2`
and so on, `jobs`, `metrics`.

No label holds the name of a repository, an account or a principal unless `--metrics-repositories` asks for
it. No caller can make up label values: what is not known by name counts as `other` or under an empty label,
and a process keeps at most so many series of each metric as the last column says. `door` is `aws`, `oci`,
`layers`, `health` or `none`. `operation` is the permission that was asked for, such as `ecr:PutImage`; it
is empty where a request was refused before that was known, or needs none. Sizes and job counts are the
whole registry's, whichever node tells them: take `max`, not `sum`, over nodes.

| metric | kind | labels | meaning | series a process keeps |
|---|---|---|---|---|"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *map(_row, FAMILIES), ""])


def _row(family: Family) -> str:
    labels = ", ".join(f"`{label}`" for label in family.label_names) or "none"
    most = family.most_series if family.labels else 1
    return f"| `{family.name}` | {family.kind} | {labels} | {family.help} | {most} |"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 (this is what it is for)
