"""The durable side of the server: the catalogue, the log of what happened, and the tables beside it.

Everything is written by one thread, the `Writer`, in groups that share a commit, and read by anyone.
"""

from __future__ import annotations

from footlight_server.log.agents import AgentLog, AgentTable
from footlight_server.log.catalogue import Catalogue
from footlight_server.log.database import Database
from footlight_server.log.decisions import DecisionLog
from footlight_server.log.deployments import DeploymentTable
from footlight_server.log.events import EventLog
from footlight_server.log.people import People
from footlight_server.log.rankings import Ranked, RankingLog
from footlight_server.log.records import (
    NOBODY,
    AgentRecord,
    AgentRow,
    Appended,
    Decision,
    Deployment,
    Event,
    Item,
    Receipt,
    Training,
    TrainingState,
    now,
)
from footlight_server.log.trainings import TrainingTable
from footlight_server.log.writer import Writer

__all__ = [
    "NOBODY",
    "AgentLog",
    "AgentRecord",
    "AgentRow",
    "AgentTable",
    "Appended",
    "Catalogue",
    "Database",
    "Decision",
    "DecisionLog",
    "Deployment",
    "DeploymentTable",
    "Event",
    "EventLog",
    "Item",
    "People",
    "Ranked",
    "RankingLog",
    "Receipt",
    "Training",
    "TrainingState",
    "TrainingTable",
    "Writer",
    "now",
]
