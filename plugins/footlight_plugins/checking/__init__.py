"""Runs the conformance suites on a plug-in without any test file, and says in plain words what to mend."""

from __future__ import annotations

from footlight_plugins.checking.finding import Candidate, NotFound, find_plugin
from footlight_plugins.checking.report import Finding, Report
from footlight_plugins.checking.running import Terms, check_engine

__all__ = ["Candidate", "Finding", "NotFound", "Report", "Terms", "check_engine", "find_plugin"]
