"""Runs the conformance suites on a plug-in without any test file, and says in plain words what to mend."""

from __future__ import annotations

from footlight_plugins.checking.finding import Candidate, NotFound, Offer, find_plugin
from footlight_plugins.checking.report import Finding, Report
from footlight_plugins.checking.running import Terms, check_offer

__all__ = ["Candidate", "Finding", "NotFound", "Offer", "Report", "Terms", "check_offer", "find_plugin"]
