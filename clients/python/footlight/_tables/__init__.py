"""The parts of `footlight.tables`: lines, columns, rows."""
