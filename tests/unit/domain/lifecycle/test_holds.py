"""Images that are pinned or that run, whatever a policy says."""

from entrepot.domain.lifecycle.decisions import Why
from entrepot.domain.lifecycle.holds import Holds
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.pins import Pin
from tests.unit.domain.lifecycle.builders import USER, decided, digest, image, pin, rule, use

ALL = [rule(newest=1)]
NEWEST = image("newest", days_old=0)


def why(images: list[LifecycleImage], holds: Holds, name: str = "old") -> tuple[str | None, Why, str]:
    decision = decided(ALL, [*images, NEWEST], holds)[digest(name)]
    return decision.action, decision.why, decision.hold.sentence if decision.hold else ""


def pins(*given: Pin) -> Holds:
    return Holds(pins={each.digest: each for each in given})


def test_a_pinned_image_stays_and_it_is_told_who_pinned_it() -> None:
    assert why([image("old")], Holds()) == ("expire", Why.OVER_COUNT, "")
    assert why([image("old")], pins(pin("old"))) == (None, Why.PINNED, f"pinned by {USER}")
    assert why([image("old")], pins(pin("old", reason="customer 7", days_left=2))) == (
        None,
        Why.PINNED,
        f"pinned by {USER}, until 2026-11-27T12:00:00Z: customer 7",
    )


def test_a_pin_whose_time_is_over_keeps_nothing() -> None:
    assert why([image("old")], pins(pin("old", days_left=0)))[0] == "expire"


def test_an_image_with_a_tag_that_the_resource_tag_covers_stays() -> None:
    holds = Holds(patterns=("v*",))
    assert why([image("old", "x", "v1")], holds)[:2] == (None, Why.PINNED)
    assert why([image("old", "x")], holds)[0] == "expire"
    assert why([image("old")], holds)[0] == "expire"


def test_an_image_that_runs_stays_while_the_report_counts() -> None:
    holds = Holds(uses={digest("old"): [use("blue"), use("azure"), use("gone", days_left=0)]})
    assert why([image("old")], holds) == (None, Why.IN_USE, "in use by clusters azure, blue")
    assert why([image("old")], Holds(uses={digest("old"): [use(days_left=0)]}))[0] == "expire"
    assert why([image("old")], Holds(uses={digest("old"): [use()]}))[2] == "in use by cluster blue"


def test_attack_49_a_thousand_clusters_that_run_an_image_make_no_page_of_names() -> None:
    holds = Holds(uses={digest("old"): [use(f"host-{number:03}") for number in range(1000)]})
    _, _, sentence = why([image("old")], holds)
    assert sentence.startswith("in use by clusters host-000, host-001, ")
    assert sentence.endswith(", host-019 and others")


def test_an_index_stays_while_a_child_runs_and_the_child_with_it() -> None:
    images = [image("top"), image("old", parents=["top"]), image("leaf", parents=["old"])]
    holds = Holds(uses={digest("leaf"): [use()]})
    assert why(images, holds)[2] == f"its child {digest('leaf')} is in use by cluster blue"
    assert why(images, holds, "top")[1] is Why.IN_USE
    assert why(images, holds, "leaf")[1] is Why.IN_USE


def test_the_index_of_a_pinned_child_stays_where_the_child_runs_too() -> None:
    images = [image("top"), image("old", parents=["top"]), image("leaf", parents=["old"])]
    running = Holds(pins={digest("old"): pin("old")}, uses={digest("leaf"): [use()]})
    assert why(images, running, "top")[1] is Why.IN_USE
    assert why(images, pins(pin("leaf")), "top")[0] == "expire"


def test_children_and_signatures_stay_with_what_is_pinned() -> None:
    images = [
        image("old"),
        image("child", parents=["old"]),
        image("signature", subject="old"),
        image("other"),
    ]
    holds = pins(pin("old"))
    assert why(images, holds, "child")[:2] == (None, Why.IN_INDEX)
    assert why(images, holds, "signature")[:2] == (None, Why.AS_SUBJECT)
    assert why(images, holds, "other")[0] == "expire"


def test_a_pinned_signature_stays_though_its_subject_goes() -> None:
    images = [image("old"), image("signature", subject="old")]
    assert why(images, pins(pin("signature")), "signature")[1] is Why.PINNED
    assert why(images, pins(pin("signature")))[0] == "expire"


def test_rules_count_what_is_kept() -> None:
    images = [image(str(number), days_old=number) for number in range(5)]
    found = decided([rule(newest=2)], images, pins(pin("0"), pin("1")))
    assert [found[digest(str(number))].action for number in range(5)] == [None, None, *["expire"] * 3]


def test_a_pin_stops_the_way_into_the_archive_too() -> None:
    to_archive = [rule(newest=1, action="transition")]
    found = decided(to_archive, [image("old"), NEWEST], pins(pin("old")))
    assert found[digest("old")].why is Why.PINNED


def test_what_no_rule_would_act_on_keeps_its_own_reason() -> None:
    found = decided(ALL, [NEWEST], pins(pin("newest")))
    assert found[digest("newest")].why is Why.WITHIN_COUNT
