"""What every supervision promises."""

from dataclasses import replace

from modelyard.domain.processes import ProcessSpec
from modelyard.ports import Supervision

A = ProcessSpec("a", ("/bin/sleep", "1000"), "/dev/null")
B = ProcessSpec("b", ("/bin/sleep", "1001"), "/dev/null", env={"COLOUR": "blue"}, order=7)


class SupervisionContract:
    """Inherit it and give a fixture ``supervision`` that wants nothing yet."""

    def test_nothing_is_wanted_at_first(self, supervision: Supervision) -> None:
        assert supervision.wanted() == {}
        assert supervision.statuses() == {}

    def test_what_was_wanted_is_told_again_whole(self, supervision: Supervision) -> None:
        supervision.want(A, B)

        assert supervision.wanted() == {"a": A, "b": B}

    def test_wanting_twice_is_wanting_once(self, supervision: Supervision) -> None:
        supervision.want(A)
        supervision.want(A)

        assert supervision.wanted() == {"a": A}

    def test_a_changed_one_takes_the_place_of_the_old(self, supervision: Supervision) -> None:
        changed = replace(A, env={"COLOUR": "green"})
        supervision.want(A, B)

        supervision.want(changed)

        assert supervision.wanted() == {"a": changed, "b": B}

    def test_a_dropped_one_is_wanted_no_more(self, supervision: Supervision) -> None:
        supervision.want(A, B)

        supervision.drop("a")

        assert supervision.wanted() == {"b": B}

    def test_dropping_twice_or_what_was_never_wanted_is_fine(
        self, supervision: Supervision
    ) -> None:
        supervision.want(A)

        supervision.drop("a", "never")
        supervision.drop("a")

        assert supervision.wanted() == {}
