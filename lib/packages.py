"""Packages whose modules register what they bring."""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def import_modules(package: ModuleType) -> None:
    """Import every module of ``package``, in alphabetical order."""
    for module in iter_modules(package.__path__, f"{package.__name__}."):
        import_module(module.name)
