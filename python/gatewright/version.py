"""The version: of the package, and in the first line of every file emitted."""

__version__ = "0.1.0"
