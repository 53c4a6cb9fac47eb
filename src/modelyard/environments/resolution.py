"""From what the user wrote to a recipe: exact enough to build, with a note on every change."""

from collections.abc import Callable, Sequence

from packaging.requirements import Requirement

from modelyard.domain.environments import EnvironmentDefinition, Recipe
from modelyard.environments import conda, pins, pip_lines, pythons, specification
from modelyard.environments.conda_names import QUIET_CHANNELS
from modelyard.environments.specification import Specification


def resolve(
    definition: EnvironmentDefinition,
    records: pins.Records,
    default_python: str,
    found: Callable[[], Sequence[str]],
) -> Recipe:
    """
    The recipe. Pure but for ``found``, which tells the Python versions of the machine.

    A record may carry ``"model": name``, which the notes then name. Raises BadEnvironment.
    """
    written = specification.read(definition)
    python, python_notes = pythons.choose(
        written.python, pins.recorded_python(records), default_python, found
    )
    requirements, options, notes = _requirements(written)
    lines: set[str] = set()
    for requirement in requirements:
        pinned, said = pins.pin(requirement, records)
        lines.add(pip_lines.normal(pinned))
        notes += said
    return Recipe(
        python=python,
        requirements=tuple(sorted(lines)),
        options=options,
        notes=tuple(dict.fromkeys([*python_notes, *pins.python_notes(python, records), *notes])),
        variables=written.variables,
    )


def _requirements(
    written: Specification,
) -> tuple[list[Requirement], tuple[str, ...], list[str]]:
    requirements: list[Requirement] = []
    notes: list[str] = []
    for entry in written.conda:
        translation = conda.translate(entry)
        notes += translation.notes
        if translation.requirement:
            requirements.append(pip_lines.requirement_of(translation.requirement))
    lines = pip_lines.parse(written.pip)
    unknown = [name for name in written.channels if name.lower() not in QUIET_CHANNELS]
    if unknown:
        notes.append(
            f"The conda channels {', '.join(unknown)} are not read: packages come from PyPI."
        )
    return requirements + list(lines.requirements), lines.options, [*notes, *lines.notes]
