"""How tags and properties change: tags freely, properties only once."""

from collections.abc import Iterable, Mapping

from modelyard.domain.errors import Immutable


def merge_tags(
    old: Mapping[str, str],
    *,
    add: Mapping[str, str] | None = None,
    remove: Iterable[str] | None = None,
) -> dict[str, str]:
    """The tags with ``add`` merged in and the keys of ``remove`` gone."""
    gone = set(remove or ())
    return {key: value for key, value in {**old, **(add or {})}.items() if key not in gone}


def merge_properties(
    noun: str, old: Mapping[str, str], new: Mapping[str, str] | None
) -> dict[str, str]:
    """The properties with new ones added. Raises Immutable when one is set to another value."""
    for key, value in (new or {}).items():
        if key in old and old[key] != value:
            raise Immutable(
                f"The property {key!r} of {noun} is {old[key]!r} already; properties are set "
                "once. Use a tag for what changes.",
                details={"property": key},
            )
    return {**old, **(new or {})}
