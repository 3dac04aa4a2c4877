"""Small functions, small files, telling names, and nothing that unpickles."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

Trees = Mapping[str, ast.Module]
Imports = Mapping[str, frozenset[str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef

PICKLERS = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
PICKLING_CALLS = {"torch.save", "torch.load", "torch.jit.load", "pandas.read_pickle", "pd.read_pickle"}
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}


def test_nothing_in_the_product_is_pickled(trees: Trees, imports: Imports) -> None:
    imported = [f"{module} imports {name}" for module, names in imports.items() for name in names if _pickles(name)]
    called = [f"{module}:{call.lineno}" for module, tree in trees.items() for call in _calls(tree) if _unsafe(call)]
    assert imported + called == []


def test_calls_that_pickle_are_recognised() -> None:
    unsafe = ("torch.load(f)", "np.load(f)", "np.load(f, allow_pickle=True)", "a.to_pickle(f)")
    safe = ("np.load(f, allow_pickle=False)", "json.load(f)", "engine.load(state)")
    assert all(any(map(_unsafe, _calls(ast.parse(text)))) for text in unsafe)
    assert not any(any(map(_unsafe, _calls(ast.parse(text)))) for text in safe)


def test_functions_fit_on_a_screen(trees: Trees) -> None:
    long = [
        f"{module}.{function.name}: {_length(function)} lines"
        for module, tree in trees.items()
        for function in _functions(tree)
        if _length(function) > 60 and not _may_be_long(module, function)
    ]
    assert long == []


def test_functions_take_at_most_seven_parameters(trees: Trees) -> None:
    wide = [
        f"{module}.{function.name}: {_width(function)} parameters"
        for module, tree in trees.items()
        for function in _functions(tree)
        if _width(function) > 7 and not _mirrors_a_form(module)
    ]
    assert wide == []


def test_files_hold_one_idea(trees: Trees) -> None:
    lines = {module: tree.body[-1].end_lineno or 0 for module, tree in trees.items() if tree.body}
    assert {module: length for module, length in lines.items() if length > 400} == {}


def test_names_of_modules_say_what_is_inside(trees: Trees) -> None:
    assert [module for module in trees if VAGUE & set(module.split("."))] == []


def test_every_module_says_what_it_is_for(trees: Trees) -> None:
    assert [module for module, tree in trees.items() if tree.body and not ast.get_docstring(tree)] == []


def _pickles(name: str) -> bool:
    return name.split(".")[0] in PICKLERS


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _unsafe(call: ast.Call) -> bool:
    """Whether a call pickles, or might: numpy must be told not to."""
    name = ast.unparse(call.func)
    if name in ("np.load", "numpy.load"):
        return "allow_pickle=False" not in ast.unparse(call)
    return name in PICKLING_CALLS or name.endswith(("read_pickle", "to_pickle"))


def _functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _length(function: Function) -> int:
    """The lines of the body, the docstring left out."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _may_be_long(module: str, function: Function) -> bool:
    """Kernels and training loops read best in one piece."""
    return ".kernels." in module or module.endswith("_training") or function.name.startswith(("train", "fit"))


def _mirrors_a_form(module: str) -> bool:
    """Whether parameters are the fields of a request or the options of a command, or arrays that a kernel works on."""
    return module.startswith(("footlight._client.", "footlight.cli")) or ".commands." in module or ".kernels." in module


def _width(function: Function) -> int:
    taken = function.args
    names = [argument.arg for argument in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])
