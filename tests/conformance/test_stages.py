"""The built-in asset stages pass the suites that strangers' pass."""

from __future__ import annotations

import pytest

from footlight_engines.provenance import register_stages
from footlight_plugins import StageKind
from footlight_plugins.testing import LabelSuite, MetadataSuite, OriginalitySuite, SignatureSuite, WatermarkSuite

SPECS = {spec.kind: spec for spec in register_stages()}


class TestNearestSample(OriginalitySuite):
    spec = SPECS[StageKind.ORIGINALITY]


class TestAiGenerated(LabelSuite):
    spec = SPECS[StageKind.LABEL]


class TestChipQim(WatermarkSuite):
    spec = SPECS[StageKind.WATERMARK]


class TestAigcAndIptc(MetadataSuite):
    spec = SPECS[StageKind.METADATA]


class TestC2pa(SignatureSuite):
    spec = SPECS[StageKind.SIGNATURE]

    @pytest.fixture(autouse=True)
    def installed(self) -> None:
        pytest.importorskip("c2pa", reason="pip install 'footlight[provenance]'")
