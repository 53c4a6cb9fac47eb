"""What ``ImageStore`` promises."""

from dataclasses import replace

import pytest

from modelyard.domain.errors import Immutable, NotFound
from modelyard.domain.images import Image
from modelyard.stores.stores import Stores
from modelyard.testing.conformance.stores import samples
from modelyard.testing.conformance.stores.samples import TAGS, at_once, furnished


class ImageStoreSuite:
    """Inherit and give a fixture ``stores``."""

    def test_an_image_comes_back_as_it_was_added(self, stores: Stores) -> None:
        furnished(stores)
        whole = samples.image(
            content=samples.content("source", "one", "two"),
            description="words",
            tags=TAGS,
            properties={"p": "1"},
            created_by="me",
        )

        added = stores.images.add(whole)

        assert added == replace(whole, version=1)
        assert stores.images.get("lab", "salary-image", 1) == added

    def test_versions_count_within_a_name_and_are_never_used_again(self, stores: Stores) -> None:
        furnished(stores)
        for name in ("a", "b", "a"):
            stores.images.add(samples.image(name))
        stores.images.remove("lab", "a", 2)

        assert stores.images.add(samples.image("a")).version == 3
        assert [image.id for image in stores.images.list("lab")] == ["a:3", "b:1", "a:1"]
        assert [image.id for image in stores.images.list("lab", "a")] == ["a:3", "a:1"]
        assert stores.images.get("lab", "a").version == 3

    def test_sixteen_at_once_get_sixteen_versions(self, stores: Stores) -> None:
        furnished(stores)

        added = at_once(16, lambda _: stores.images.add(samples.image()))

        assert sorted(image.version for image in added) == list(range(1, 17))

    def test_one_in_a_missing_workspace_is_refused(self, stores: Stores) -> None:
        with pytest.raises(NotFound, match="workspace 'lab'"):
            stores.images.add(samples.image())

    def test_a_change_is_decided_on_what_is_stored(self, stores: Stores) -> None:
        furnished(stores)
        stores.images.add(samples.image(tags={"a": "1"}))

        changed = stores.images.change(
            "lab", "salary-image", 1, lambda i: replace(i, tags={**i.tags, "b": "2"})
        )

        assert changed.tags == {"a": "1", "b": "2"}
        assert stores.images.get("lab", "salary-image") == changed

    def test_a_refused_change_changes_nothing(self, stores: Stores) -> None:
        furnished(stores)
        added = stores.images.add(samples.image())

        def refuse(_: Image) -> Image:
            raise Immutable("No.")

        with pytest.raises(Immutable):
            stores.images.change("lab", "salary-image", 1, refuse)

        assert stores.images.get("lab", "salary-image", 1) == added

    def test_removing_the_workspace_takes_them(self, stores: Stores) -> None:
        furnished(stores)
        stores.images.add(samples.image())

        stores.workspaces.remove("lab")

        stores.workspaces.add(samples.workspace())
        assert stores.images.list("lab") == []

    def test_a_missing_one_is_named(self, stores: Stores) -> None:
        furnished(stores)
        stores.images.add(samples.image("a"))
        with pytest.raises(NotFound, match="'b'"):
            stores.images.get("lab", "b")
        with pytest.raises(NotFound, match="'a:2'"):
            stores.images.get("lab", "a", 2)
        with pytest.raises(NotFound, match="'a:2'"):
            stores.images.change("lab", "a", 2, lambda image: image)
        with pytest.raises(NotFound, match="'a:2'"):
            stores.images.remove("lab", "a", 2)
