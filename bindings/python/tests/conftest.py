"""What tests share."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Callable

import pytest

import cannery


@pytest.fixture(scope="session")
def engine() -> cannery.Engine:
    return cannery.Engine(metering=cannery.Metering.OPERATORS)


@pytest.fixture
def store(engine: cannery.Engine) -> cannery.Store:
    return cannery.Store(engine)


Instantiate = Callable[..., cannery.Instance]


@pytest.fixture
def instantiate(engine: cannery.Engine, store: cannery.Store) -> Instantiate:
    def make(text: str, imports: cannery._instance.Imports = (), **options: int) -> cannery.Instance:
        return cannery.Instance(store, cannery.Module(engine, text), imports, **options)

    return make


@pytest.fixture(autouse=True)
def no_unraisable(recwarn: pytest.WarningsRecorder) -> Iterator[None]:
    """Exceptions that get lost between C and Python are failures: pytest warns of them."""
    yield
    gc.collect()
    lost = [w for w in recwarn if issubclass(w.category, pytest.PytestUnraisableExceptionWarning)]
    assert not lost, lost
