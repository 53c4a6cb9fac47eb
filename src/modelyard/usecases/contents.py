"""What a revision runs: checked whole before anything is stored, and written back for changes."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import msgspec

from modelyard.domain.environments import BuiltEnvironment, Recipe
from modelyard.domain.errors import BadArchive, BadInput
from modelyard.domain.manifests import Manifest, check_path
from modelyard.domain.models import Model
from modelyard.domain.names import check_name
from modelyard.domain.predictors import Predictor
from modelyard.domain.services import ModelRef, RevisionContent, Serving
from modelyard.ports import EnvironmentBuilder, SnapshotStore
from modelyard.usecases.environments import to_definition
from modelyard.usecases.limits import (
    Capacity,
    checked_limits,
    checked_serving,
    of_all_workers,
    without_missing_card,
)
from modelyard.usecases.model_resources import implied_limits
from modelyard.usecases.models import Models, parse_id
from modelyard.usecases.near import did_you_mean
from modelyard.usecases.packages import version_notes
from modelyard.usecases.predictors import Predictors
from modelyard.usecases.snapshots import Snapshots
from modelyard.wire import contents as wire
from modelyard.wire.environments import EnvironmentDefinition

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A content that can run: the stored form, its environment's recipe, what to tell the user."""

    content: RevisionContent
    recipe: Recipe
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Runs:
    """What is run, and in what: a script, or a model as it is."""

    environment: EnvironmentDefinition
    source: str = ""
    entry_script: str = ""
    predictor: Predictor | None = None
    chosen: bool = False
    as_recorded: bool = True
    notes: tuple[str, ...] = ()


def checked_entry(manifest: Manifest, entry_script: str) -> str:
    """The scoring script's path in the source folder. Raises BadInput naming near files."""
    try:
        path = check_path(entry_script)
    except BadArchive as error:
        raise BadInput(f"entry_script: {error}") from error
    if PurePosixPath(path).suffix != ".py":
        raise BadInput(f"The entry script {path!r} is not a .py file.")
    paths = [f.path for f in manifest.files]
    if path not in paths:
        scripts = [p for p in paths if p.endswith(".py")]
        raise BadInput(
            f"The source folder has no entry script {path!r}. "
            + did_you_mean(path, scripts or paths),
            details={"field": "entry_script"},
        )
    return path


def checked_source_name(name: str) -> str:
    """One folder's name, or ''. Raises BadInput."""
    if name and (name in {".", "..", "azureml-models"} or re.search(r"[/\\\0]", name)):
        raise BadInput(f"source_name {name!r} must be the name of one folder.")
    return name


def checked_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Raises BadInput for what cannot be an environment variable."""
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(name):
            raise BadInput(f"{name!r} cannot be the name of an environment variable.")
        if "\0" in value:
            raise BadInput(f"The value of the variable {name} holds a NUL character.")
    return dict(variables)


class Contents:
    """Turns what a client asks for into what can run, or says at once why it cannot."""

    def __init__(
        self,
        models: Models,
        manifests: SnapshotStore,
        snapshots: Snapshots,
        builder: EnvironmentBuilder,
        capacity: Callable[[], Capacity],
        max_body: int,
        predictors: Predictors,
    ) -> None:
        self._models = models
        self._manifests = manifests
        self._snapshots = snapshots
        self._builder = builder
        self._capacity = capacity
        self._max_body = max_body
        self._predictors = predictors

    def resolve(self, workspace: str, content: wire.Content) -> Resolved:
        """Raises BadInput, NotFound, BadEnvironment, NoCapacity."""
        registered = [self._models.get(workspace, *parse_id(id)) for id in content.models]
        refs = self._refs(registered, content.local_models)
        runs = (
            self._with_script(content)
            if content.source or content.entry_script
            else self._without_script(content, refs, registered)
        )
        variables = checked_variables(content.variables)
        definition = to_definition(runs.environment)
        telling = registered if runs.as_recorded else []
        records = [{"model": m.name, **m.record} for m in telling if m.record]
        recipe = self._builder.resolve(definition, records)
        # a conda file may set variables too; what the definition says itself comes after
        of_environment = checked_variables({**dict(recipe.variables), **definition.variables})
        capacity = self._capacity()
        resources = registered[0].resources if runs.predictor and registered else None
        asked, of_model = implied_limits(content.limits, resources, capacity)
        asked, no_card = without_missing_card(asked, capacity)
        limits = checked_limits(asked, capacity)
        serving = checked_serving(
            content.serving,
            {**of_environment, **variables},
            self._max_body,
            capacity.cores,
        )
        if asked.each:
            limits = of_all_workers(limits, serving, capacity)
        built = self._builder.find(recipe.digest)
        resolved = RevisionContent(
            source=runs.source,
            entry_script=runs.entry_script,
            models=refs,
            recipe=recipe.digest,
            source_name=checked_source_name(content.source_name) if runs.source else "",
            environment={
                **msgspec.to_builtins(runs.environment),
                "variables": dict(of_environment),
            },
            variables=variables,
            limits=limits,
            serving=serving,
            predictor=runs.predictor,
            chosen_environment=runs.chosen,
        )
        notes = (
            *runs.notes,
            *of_model,
            *no_card,
            *_collected(serving),
            *recipe.notes,
            *_notes(telling, recipe, built),
        )
        return Resolved(resolved, recipe, notes)

    def _with_script(self, content: wire.Content) -> "_Runs":
        source = self._manifests.get(content.source)
        entry = checked_entry(source, content.entry_script)
        self._snapshots.check_whole(source)
        if content.environment is None:
            raise BadInput(
                "A scoring script needs an environment: only for a model without a script is one "
                "chosen.",
                details={"field": "environment"},
            )
        return _Runs(content.environment, source=source.digest, entry_script=entry)

    def _without_script(
        self, content: wire.Content, refs: Sequence[ModelRef], registered: Sequence[Model]
    ) -> "_Runs":
        if len(refs) != 1:
            named = ", ".join(f"'{ref.name}:{ref.version}'" for ref in refs) or "none"
            raise BadInput(
                "Without a scoring script exactly one model is served, and the models named are: "
                f"{named}. Name one, or write a script that loads them.",
                details={"field": "models"},
            )
        manifest = self._manifests.get(refs[0].manifest)
        served = self._predictors.choose(refs[0], manifest, registered[0] if registered else None)
        runs = _Runs(served.environment, predictor=served.predictor, notes=served.notes)
        if content.environment is None:
            return replace(runs, chosen=True, as_recorded=served.as_recorded)
        return replace(runs, environment=content.environment)

    def _refs(
        self, registered: Sequence[Model], local: Sequence[wire.LocalModel]
    ) -> tuple[ModelRef, ...]:
        refs = [ModelRef(m.name, m.version, m.manifest) for m in registered]
        for model in local:
            check_name("model", model.name)
            refs.append(ModelRef(model.name, 0, self._manifests.get(model.manifest).digest))
        for ref in refs:
            self._snapshots.check_whole(self._manifests.get(ref.manifest))
        ids = [(ref.name, ref.version) for ref in refs]
        for id in ids:
            if ids.count(id) > 1:
                raise BadInput(f"The model '{id[0]}:{id[1]}' is named twice.")
        return tuple(refs)


def _collected(serving: Serving) -> tuple[str, ...]:
    if not serving.collect_model_data:
        return ()
    return ("Inputs and outputs of requests are collected; look at them with service.inputs.",)


def _notes(
    models: Sequence[Model], recipe: Recipe, built: BuiltEnvironment | None
) -> tuple[str, ...]:
    return tuple(
        note for model in models for note in version_notes(model.id, model.record, recipe, built)
    )
