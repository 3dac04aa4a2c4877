"""What becomes of a plug-in, good or broken."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from footlight_plugins import EngineSpec, Verb, impl
from footlight_plugins.loader import LoaderConfig, Plugins, PluginsFailed, PluginState, load_plugins
from footlight_plugins.testing.fixtures import PluginRegistry

HEADER = "from footlight_plugins import EngineSpec, Verb, impl\n"
GOOD = HEADER + (
    "@impl\n"
    "def register_engines():\n"
    "    yield EngineSpec('{engine}', Verb.RECOMMEND, '1', 'A summary.', factory=__name__ + ':Engine')\n"
)
WriteModule = Callable[[str, str], None]


def spec(name: str = "an-engine", **changes: object) -> EngineSpec:
    return EngineSpec(name, Verb.RECOMMEND, "1", "A summary.", "nowhere:Engine", **changes)  # type: ignore[arg-type]


def offering(*offered: object) -> object:
    """A plug-in whose hook returns the given things."""

    class Plugin:
        @impl
        def register_engines(self) -> object:
            return offered

    return Plugin()


@pytest.fixture
def new_modules() -> Iterator[Callable[[str], None]]:
    """Takes the names of modules that are to be forgotten after the test."""
    names: list[str] = []
    yield names.append
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture
def write_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_modules: Callable[[str], None]) -> WriteModule:
    """Writes a module that can be imported during the test."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name: str, source: str) -> None:
        (tmp_path / f"{name}.py").write_text(source)
        new_modules(name)

    return write


@pytest.fixture
def plugins_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_modules: Callable[[str], None]) -> Path:
    monkeypatch.setattr(sys, "path", sys.path.copy())
    new_modules("one_file")
    return tmp_path


def load_files(folder: Path) -> Plugins:
    return load_plugins(LoaderConfig(plugins_dir=folder, discover=lambda: ()))


def test_a_good_plugin_offers_its_engines(plugin_registry: PluginRegistry) -> None:
    plugin_registry.add(offering(spec("one"), spec("two")), name="good")
    plugins = plugin_registry.load(strict=True)
    assert list(plugins.engines) == ["one", "two"]
    assert plugins.plugin_of("two").name == "good"


def test_an_engine_that_nobody_offers_has_no_plugin(plugin_registry: PluginRegistry) -> None:
    with pytest.raises(KeyError, match="nobody"):
        plugin_registry.load().plugin_of("nobody")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise ImportError('no such library')", "import raised ImportError: no such library"),
        ("import sys; sys.exit(3)", "import raised SystemExit: 3"),
        ("def register_engines(:", "import raised SyntaxError"),
        (HEADER + "@impl\ndef register_engine(): return []", "unknown hook 'register_engine'"),
        (HEADER + "@impl\ndef register_engines(colour): return []", "its hooks are wrong: PluginValidationError"),
        ("def register_engines(): return []", "it has no hook: mark `register_engines` with @footlight_plugins.impl"),
        (HEADER + "@impl\ndef register_engines(): raise ValueError('a b\\nc')", "raised ValueError: a b c"),
        (HEADER + "@impl\ndef register_engines():\n  yield 1 / 0", "register_engines raised ZeroDivisionError"),
        (HEADER + "@impl\ndef register_engines(): raise SystemExit", "register_engines raised SystemExit"),
        (HEADER + "@impl\ndef register_engines(): return None", "returned None, expected an iterable"),
        (HEADER + "@impl\ndef register_engines(): return 7", "returned an int, expected a list of such"),
        (HEADER + "@impl\ndef register_engines(): return ['popular']", "returned a str, expected an EngineSpec"),
        (HEADER + "@impl\ndef register_engines(): return [EngineSpec('A b', 1, '', '', '')]", "engine name 'A b' must"),
    ],
)
def test_a_broken_plugin_fails_and_the_others_load(
    plugin_registry: PluginRegistry, write_module: WriteModule, source: str, reason: str
) -> None:
    write_module("broken_plugin", source)
    plugin_registry.add("broken_plugin", name="a-broken-one")
    plugin_registry.add(offering(spec("good")), name="good")
    plugins = plugin_registry.load()
    assert [status.state for status in plugins.statuses] == [PluginState.FAILED, PluginState.LOADED]
    assert reason in plugins.statuses[0].reason and "\n" not in plugins.statuses[0].reason
    assert list(plugins.engines) == ["good"]


def test_the_traceback_of_a_fault_is_kept(plugin_registry: PluginRegistry, write_module: WriteModule) -> None:
    write_module("faulty_plugin", "\n\nraise RuntimeError('deep inside')")
    plugin_registry.add("faulty_plugin")
    assert 'faulty_plugin.py", line 3' in plugin_registry.load().statuses[0].traceback


def test_ctrl_c_during_an_import_ends_the_loading(plugin_registry: PluginRegistry, write_module: WriteModule) -> None:
    write_module("slow_plugin", "raise KeyboardInterrupt")
    plugin_registry.add("slow_plugin")
    with pytest.raises(KeyboardInterrupt):
        plugin_registry.load()


def test_a_class_in_place_of_an_instance_is_refused(plugin_registry: PluginRegistry) -> None:
    plugin_registry.add(type(offering()), name="a-class")
    assert "must name a module or an instance, not the class Plugin" in plugin_registry.load().statuses[0].reason


def test_a_taken_engine_name_fails_the_later_plugin(plugin_registry: PluginRegistry) -> None:
    plugin_registry.add(offering(spec("taken")), name="first")
    plugin_registry.add(offering(spec("free"), spec("taken")), name="second")
    plugins = plugin_registry.load()
    assert plugins.statuses[1].reason == "engine 'taken' of plug-in 'second' is already offered by plug-in 'first'"
    assert list(plugins.engines) == ["taken"] and plugins.plugin_of("taken").name == "first"


def test_a_plugin_that_names_two_engines_alike_fails(plugin_registry: PluginRegistry) -> None:
    plugin_registry.add(offering(spec("twice"), spec("twice")), name="odd")
    assert plugin_registry.load().statuses[0].state is PluginState.FAILED


def test_a_built_in_name_cannot_be_taken_by_loading_first(plugin_registry: PluginRegistry) -> None:
    plugin_registry.add(offering(spec("popular")), name="a-thief", distribution="aaa")
    plugin_registry.add(offering(spec("popular")), name="footlight-recommend", distribution="footlight")
    plugins = plugin_registry.load()
    assert plugins.plugin_of("popular").distribution == "footlight"
    assert plugins.statuses[1].name == "a-thief" and plugins.statuses[1].state is PluginState.FAILED


@pytest.mark.parametrize("disabled", ["unwanted", "Some_Dist"])
def test_a_disabled_plugin_is_not_imported(
    plugin_registry: PluginRegistry, write_module: WriteModule, disabled: str
) -> None:
    write_module("unwanted_module", GOOD.format(engine="unwanted"))
    plugin_registry.add("unwanted_module", name="unwanted", distribution="some-dist")
    plugins = plugin_registry.load(disabled={disabled}, strict=True)
    assert plugins.statuses[0].state is PluginState.DISABLED and not plugins.engines
    assert "unwanted_module" not in sys.modules


def test_disabling_a_plugin_that_is_not_there_is_told(
    plugin_registry: PluginRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    plugin_registry.load(disabled={"mispelt"})
    assert "there is no plug-in 'mispelt' to disable" in caplog.text


@pytest.mark.parametrize("allowed", ["wanted", "Some_Dist"])
def test_beside_the_built_ins_only_what_is_allowed_is_imported(
    plugin_registry: PluginRegistry, write_module: WriteModule, allowed: str
) -> None:
    write_module("stranger_module", GOOD.format(engine="stranger"))
    plugin_registry.add("stranger_module", name="stranger", distribution="other-dist")
    plugin_registry.add(offering(spec("wanted")), name="wanted", distribution="some-dist")
    plugin_registry.add(offering(spec("popular")), name="footlight-recommend", distribution="footlight")
    plugins = plugin_registry.load(allowed={allowed}, strict=True)
    assert set(plugins.engines) == {"wanted", "popular"} and "stranger_module" not in sys.modules
    assert {status.name: status.state for status in plugins.statuses}["stranger"] is PluginState.DISABLED


def test_what_passes_for_a_built_in_is_not_allowed_by_its_name(plugin_registry: PluginRegistry) -> None:
    plugin_registry.add(offering(spec("thief")), name="footlight", distribution="footlight-thief")
    assert not plugin_registry.load(allowed=()).engines


@pytest.mark.parametrize("api_version", [-1, 0, 3, 99])
def test_another_contract_is_incompatible(plugin_registry: PluginRegistry, api_version: int) -> None:
    plugin_registry.add(offering(spec("future", api_version=api_version)), name="future")
    status = plugin_registry.load().statuses[0]
    assert status.state is PluginState.INCOMPATIBLE
    assert status.reason == f"engine 'future' was written for contract {api_version}, this host takes 2 or 1"


def test_the_contract_before_is_still_taken(plugin_registry: PluginRegistry) -> None:
    plugin_registry.add(offering(spec("old", api_version=1)), name="old")
    assert "old" in plugin_registry.load(strict=True).engines


@pytest.mark.parametrize("changes", [{"requires": "torch"}, {"requires": (1,)}])
def test_a_spec_with_wrong_types_is_refused(plugin_registry: PluginRegistry, changes: dict[str, object]) -> None:
    plugin_registry.add(offering(spec("odd", **changes)), name="odd")
    assert "`requires` of engine 'odd' must be a tuple" in plugin_registry.load().statuses[0].reason


def test_strict_loading_names_every_plugin_that_failed(plugin_registry: PluginRegistry) -> None:
    plugin_registry.add(offering(1), name="first")
    plugin_registry.add(offering(spec(api_version=9)), name="second")
    with pytest.raises(PluginsFailed, match=r"'first' is failed: (?s:.*)'second' is incompatible: ") as raised:
        plugin_registry.load(strict=True)
    assert len(raised.value.statuses) == 2


def test_a_module_can_be_a_plugin(plugin_registry: PluginRegistry) -> None:
    module = ModuleType("made_up")
    exec(GOOD.format(engine="in-a-module"), module.__dict__)
    plugin_registry.add(module)
    assert plugin_registry.load().plugin_of("in-a-module").name == "made_up"


def test_installed_distributions_are_found(write_module: WriteModule, tmp_path: Path) -> None:
    write_module("installed_plugin", GOOD.format(engine="installed"))
    info = tmp_path / "some_dist-2.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-dist\nVersion: 2.5\n")
    (info / "entry_points.txt").write_text("[footlight]\nan-entry = installed_plugin\n")
    status = load_plugins().plugin_of("installed")
    assert (status.name, status.distribution, status.version) == ("an-entry", "some-dist", "2.5")


def test_a_file_in_the_plugins_folder_is_a_plugin(plugins_dir: Path) -> None:
    (plugins_dir / "one_file.py").write_text(GOOD.format(engine="in-a-file"))
    (plugins_dir / "_not_one.py").write_text("raise RuntimeError")
    plugins = load_files(plugins_dir)
    assert [status.name for status in plugins.statuses] == ["one_file"]
    assert plugins.engines["in-a-file"].factory == "one_file:Engine"


def test_a_file_cannot_stand_in_for_another_module(plugins_dir: Path) -> None:
    (plugins_dir / "json.py").write_text(GOOD.format(engine="thief"))
    status = load_files(plugins_dir).statuses[0]
    assert status.state is PluginState.FAILED
    assert "there is another module named 'json'; rename json.py" in status.reason


def test_a_file_must_be_named_like_a_module(plugins_dir: Path) -> None:
    (plugins_dir / "my-plugin.py").write_text(GOOD.format(engine="hyphened"))
    assert "must be named like a Python module" in load_files(plugins_dir).statuses[0].reason


def test_a_missing_plugins_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="nowhere"):
        load_files(tmp_path / "nowhere")


def test_the_working_folder_is_never_searched(plugins_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (plugins_dir / "lurking.py").write_text(GOOD.format(engine="lurking"))
    monkeypatch.chdir(plugins_dir)
    assert "lurking" not in load_plugins().engines


def test_the_built_ins_load_through_the_same_door() -> None:
    statuses = [status for status in load_plugins().statuses if status.distribution == "footlight"]
    assert len(statuses) == 3
    assert {status.state for status in statuses} == {PluginState.LOADED}


def test_finding_the_built_ins_imports_nothing_heavy() -> None:
    script = (
        "import sys; from footlight_plugins.loader import load_plugins; assert load_plugins().engines;"
        "print(sorted({'torch', 'numba', 'scipy', 'grpc', 'sqlalchemy', 'matplotlib'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
