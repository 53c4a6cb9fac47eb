"""
Nested values read back from documents.

What ``dataclasses.asdict`` writes; fields that a document lacks (written by an older release) get
their defaults, unknown ones are an error of the migration that forgot them.
"""

from collections.abc import Mapping
from typing import Any

from modelyard.domain.environments import EnvironmentDefinition, Recipe
from modelyard.domain.services import Limits, ModelRef, RevisionContent, Serving


def _tuples(document: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The document with lists as the tuples that they were."""
    return {
        key: tuple(value) if key in names and value is not None else value
        for key, value in document.items()
    }


def definition_of(document: Mapping[str, Any]) -> EnvironmentDefinition:
    """The definition that was written."""
    lists = ("conda_packages", "pip_packages", "conda_channels", "pip_options")
    return EnvironmentDefinition(**_tuples(document, *lists))


def recipe_of(document: Mapping[str, Any]) -> Recipe:
    """The recipe that was written."""
    return Recipe(**_tuples(document, "requirements", "options", "notes"))


def content_of(document: Mapping[str, Any]) -> RevisionContent:
    """The content of a revision that was written."""
    nested = {
        "models": tuple(ModelRef(**model) for model in document["models"]),
        "limits": Limits(**document.get("limits", {})),
        "serving": Serving(**_tuples(document.get("serving", {}), "cors_origins")),
    }
    return RevisionContent(**{**document, **nested})
