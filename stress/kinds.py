"""Mark functions as the kinds of an instrument, and list them."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType


def kind(function: Callable) -> Callable:
    """Mark a function as a kind."""
    function.is_kind = True
    return function


def kinds_of(*modules: ModuleType, separator: str = " ") -> dict[str, Callable]:
    """Return the kinds of modules by name, in the order in which they are defined."""
    return {
        name.replace("_", separator): function
        for module in modules
        for name, function in vars(module).items()
        if getattr(function, "is_kind", False)
    }
