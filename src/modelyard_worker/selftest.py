"""
Whether a script's batched answers are those that it gives one by one: tried before it is ready.

Requests of different numbers of rows are made of the sample, run alone and then together.
"""

from __future__ import annotations

import copy
from typing import Any, Dict, List

from modelyard_worker import batching
from modelyard_worker.batching import Batcher
from modelyard_worker.faults import one_line
from modelyard_worker.forms import InputForm, Request, form_for
from modelyard_worker.logs import LOG
from modelyard_worker.rows import Unmergeable
from modelyard_worker.samples import sample_of, variants
from modelyard_worker.script import Script


def switch_on(batcher: Batcher, script: Script, source: str) -> Dict[str, Any]:
    """Test, switch batching on if all is well, log the verdict and give it for the HELLO."""
    try:
        form = form_for(script)
        sample = sample_of(script)
        why = _disagreement(batcher, form, sample)
        form.learn(sample)
    except Unmergeable as error:
        why = str(error)
    except BaseException as error:
        why = "the self-test failed: %s" % one_line(error, source)
    if why:
        LOG.warning("Batching is off: %s.", why)
        return batching.describe(False, why)
    batcher.form = form
    LOG.info("Batching is on: on sample rows, batched and single answers agree.")
    return batching.describe(True)


def _disagreement(batcher: Batcher, form: InputForm, sample: Any) -> str:
    """'' where all answers agree."""
    varied, plain = _trials(form, sample)
    try:
        return _difference(batcher, form, varied)
    except Unmergeable:
        raise
    except Exception as error:  # scaled values may be none that run() bears
        LOG.debug("The self-test of batching goes on with the sample as it is: %s", error)
    return _difference(batcher, form, plain)


def _difference(batcher: Batcher, form: InputForm, values: List[Any]) -> str:
    requests = _requests(form, values)
    if len({request.key for request in requests}) > 1:
        raise Unmergeable("requests made of the sample's rows cannot be joined")
    alone = [batcher.single(request, form) for request in requests]
    together = batcher.together(_requests(form, values), form)
    return next(filter(None, map(batching.difference, alone, together)), "")


def _requests(form: InputForm, values: List[Any]) -> List[Request]:
    """Of values of their own, since run() may change what it gets."""
    return [form.request(copy.deepcopy(value)) for value in values]


def _trials(form: InputForm, sample: Any) -> List[List[Any]]:
    """Requests of one row, of all and of one again; values varied, then as the sample has them."""
    varied = variants(sample, 3)
    one = form.first_row(sample)
    return [
        [form.first_row(varied[1]), varied[0], form.first_row(varied[2])],
        [one, sample, one],
    ]
