"""The parts of a content: written back as a client would send them, filled, replaced. Pure."""

from typing import Any, TypeVar

import msgspec

from modelyard.domain.errors import BadInput
from modelyard.domain.services import RevisionContent
from modelyard.usecases.limits import GB
from modelyard.wire import contents
from modelyard.wire import services as wire
from modelyard.wire.endpoints import VersionChange
from modelyard.wire.environments import EnvironmentDefinition

Options = TypeVar("Options", contents.ServingOptions, contents.Limits)


def changes_content(change: wire.ServiceChange | VersionChange) -> bool:
    """Whether the change makes a new revision."""
    reload = isinstance(change, wire.ServiceChange) and change.reload
    return reload or any(
        part is not None
        for part in (
            change.content,
            change.models,
            change.local_models,
            change.source,
            change.source_name,
            change.entry_script,
            change.environment,
            change.variables,
            change.limits,
            change.serving,
        )
    )


def to_wire(content: RevisionContent) -> contents.Content:
    """The content as a client would send it, so that a changed part is checked like a whole."""
    limits = content.limits
    serving = content.serving
    given = not content.chosen_environment
    return contents.Content(
        source=content.source,
        entry_script=content.entry_script,
        environment=msgspec.convert(content.environment, EnvironmentDefinition) if given else None,
        models=[f"{m.name}:{m.version}" for m in content.models if m.version],
        local_models=[
            contents.LocalModel(name=m.name, manifest=m.manifest)
            for m in content.models
            if not m.version
        ],
        source_name=content.source_name,
        variables=dict(content.variables),
        limits=contents.Limits(
            cpu=limits.cpu,
            memory_gb=None if limits.memory is None else limits.memory / GB,
            gpu=limits.gpu,
        ),
        serving=contents.ServingOptions(
            workers=serving.workers,
            scoring_timeout=serving.scoring_timeout,
            queue_limit=serving.queue_limit,
            queue_wait=serving.queue_wait,
            body_limit=serving.body_limit,
            init_timeout=serving.init_timeout,
            cors_origins=list(serving.cors_origins),
            batching=None
            if serving.batching is None
            else contents.Batching(
                max_size=serving.batching.max_size, max_wait_ms=serving.batching.max_wait_ms
            ),
            tracebacks=serving.tracebacks,
            detect_failures=serving.detect_failures,
            nan=serving.nan,
            preload=serving.preload,
            fronts=serving.fronts,
            collect_model_data=serving.collect_model_data,
            max_workers=serving.max_workers or 0,
            target_utilization=serving.target_utilization,
            refresh=serving.refresh,
            idle_timeout=serving.idle_timeout or 0.0,
            cold_start_timeout=serving.cold_start_timeout,
            concurrency=serving.concurrency,
        ),
    )


def filled(content: contents.Content | None, base: contents.Content | None) -> contents.Content:
    """
    The content with ``base``'s where it says nothing, None or ''.

    Source and entry script go together with the folder's name, models with those that are not
    registered. Raises BadInput without any of the two.
    """
    if content is None or base is None:
        found = content or base
        if found is None:
            raise BadInput("There is no content to serve: name models, or a script.")
        return found
    from_base = not (content.models or content.local_models)
    return msgspec.structs.replace(
        content,
        models=base.models if from_base else content.models,
        local_models=base.local_models if from_base else content.local_models,
        variables=content.variables or base.variables,
        source=content.source or base.source,
        source_name=content.source_name if content.source else base.source_name,
        entry_script=content.entry_script or base.entry_script,
        environment=content.environment or base.environment,
        # what each worker may use does not go together with what all of them may
        limits=content.limits if content.limits.each else _merged(base.limits, content.limits),
        serving=_merged(base.serving, content.serving),
    )


def with_parts(
    content: contents.Content, change: wire.ServiceChange | VersionChange
) -> contents.Content:
    """The content with the parts that the change names replaced."""
    content = change.content or content
    names = (
        "source",
        "source_name",
        "entry_script",
        "environment",
        "variables",
        "models",
        "local_models",
    )
    parts: dict[str, Any] = {n: v for n in names if (v := getattr(change, n)) is not None}
    if change.models is not None and change.local_models is None:
        parts["local_models"] = []
    if change.limits is not None:
        parts["limits"] = change.limits
    if change.serving is not None:
        parts["serving"] = _merged(content.serving, change.serving)
    return msgspec.structs.replace(content, **parts)


def _merged(old: Options, new: Options) -> Options:
    given = {k: v for k, v in msgspec.structs.asdict(new).items() if v is not None}
    return msgspec.structs.replace(old, **given)
