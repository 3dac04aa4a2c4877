"""Compiled kernels outlive a start, and no change of any kernel's source."""

from __future__ import annotations

from pathlib import Path

from footlight_engines.kernels.stale_code import forget_stale_code


def compiled(folder: Path) -> Path:
    """A folder of kernels whose sources are known, with something compiled in it."""
    (folder / "called.py").write_text("one = 1\n")
    (folder / "caller.py").write_text("two = 2\n")
    forget_stale_code(folder)
    made = folder / "__pycache__" / "caller.kernel-1.py311.1.nbc"
    made.write_bytes(b"code")
    return made


def test_what_was_compiled_is_used_again(tmp_path: Path) -> None:
    made = compiled(tmp_path)
    forget_stale_code(tmp_path)
    assert made.exists()


def test_a_change_of_a_kernel_that_is_called_forgets_who_calls_it(tmp_path: Path) -> None:
    made = compiled(tmp_path)
    (tmp_path / "called.py").write_text("one = 11\n")
    forget_stale_code(tmp_path)
    assert not made.exists()


def test_a_folder_that_cannot_be_written_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").write_text("no folder")
    forget_stale_code(tmp_path)
    assert (tmp_path / "__pycache__").read_text() == "no folder"
