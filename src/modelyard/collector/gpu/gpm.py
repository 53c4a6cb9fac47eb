"""
How busy the parts of a cut card are (MIG): two samples of the card's own counters, compared.

NVML tells no rates of parts; what it calls GPM does, on Hopper and later cards.
"""

from typing import Any

from modelyard.collector.gpu.card import ask
from modelyard.collector.gpu.driver import Nvml


class Gpm:
    """Keeps the last sample of each part."""

    def __init__(self, nvml: Nvml) -> None:
        self._nvml = nvml
        self._last: dict[str, Any] = {}
        self._able: dict[str, bool] = {}

    def share(self, parent: Any, parent_id: str, part: Any, part_id: str) -> float | None:
        """
        The share of its time in which the part computed, since the last look; None at the first,
        and where the card cannot tell.
        """
        nvml = self._nvml
        if parent_id not in self._able:
            support = ask(nvml, "nvmlGpmQueryDeviceSupport", parent)
            self._able[parent_id] = bool(support and support.isSupportedDevice)
        if not self._able[parent_id]:
            return None
        sample = nvml.nvmlGpmSampleAlloc()
        try:
            instance = ask(nvml, "nvmlDeviceGetGpuInstanceId", part)
            if instance is None:
                return None
            if ask(nvml, "nvmlGpmMigSampleGet", parent, instance, sample) is None:
                return None
            before, self._last[part_id], sample = self._last.get(part_id), sample, None
        finally:
            if sample is not None:
                nvml.nvmlGpmSampleFree(sample)
        if before is None:
            return None
        try:
            return self._compare(before, self._last[part_id])
        finally:
            nvml.nvmlGpmSampleFree(before)

    def _compare(self, before: Any, after: Any) -> float | None:
        nvml = self._nvml
        asked = nvml.c_nvmlGpmMetricsGet_t()
        asked.version = nvml.NVML_GPM_METRICS_GET_VERSION
        asked.numMetrics = 1
        asked.sample1, asked.sample2 = before, after
        asked.metrics[0].metricId = nvml.NVML_GPM_METRIC_GRAPHICS_UTIL
        if ask(nvml, "nvmlGpmMetricsGet", asked) is None:
            return None
        found = asked.metrics[0]
        return None if found.nvmlReturn else min(max(found.value / 100, 0.0), 1.0)

    def close(self) -> None:
        """Give the samples back."""
        for sample in self._last.values():
            self._nvml.nvmlGpmSampleFree(sample)
        self._last.clear()
