"""What the parent tells a member of its crew: one line of JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from footlight_plugins.loader import LoaderConfig
from footlight_server.config import ServerConfig, TlsFiles
from footlight_server.door import DataLock
from footlight_server.parts.orders import PartsConfig


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that a member needs to know."""

    config: ServerConfig
    lock: DataLock
    """Inherited from the parent: the data directory is free again when the last of them has ended."""
    verbose: bool

    def to_line(self) -> str:
        """The order as one line of JSON."""
        config: dict[str, Any] = {field.name: getattr(self.config, field.name) for field in fields(ServerConfig)}
        plugins = self.config.plugins
        config["data_dir"] = str(self.config.data_dir)
        config["plugins"] = {
            "disabled": sorted(plugins.disabled),
            "plugins_dir": str(plugins.plugins_dir) if plugins.plugins_dir else None,
            "strict": plugins.strict,
            "allowed": plugins.only,
        }
        config["tls"] = asdict(self.config.tls)
        config["parts"] = asdict(self.config.parts)
        order = {"config": config, "lock": self.lock.descriptor, "first": self.lock.first, "verbose": self.verbose}
        return json.dumps(order) + "\n"

    @staticmethod
    def from_line(line: str) -> Order:
        """The order that `to_line` wrote."""
        order = json.loads(line)
        config, plugins = order["config"], order["config"]["plugins"]
        folder = Path(plugins["plugins_dir"]) if plugins["plugins_dir"] else None
        allowed = None if plugins["allowed"] is None else frozenset(plugins["allowed"])
        config["plugins"] = LoaderConfig(frozenset(plugins["disabled"]), folder, plugins["strict"], allowed=allowed)
        config["tls"] = TlsFiles(**config["tls"])
        config["parts"] = PartsConfig.of(config["parts"])
        config["data_dir"] = Path(config["data_dir"])
        for name in ("isolate", "stages", "sign_with", "web_origins", "require"):
            config[name] = tuple(config[name])
        return Order(ServerConfig(**config), DataLock(order["lock"], order["first"]), order["verbose"])
