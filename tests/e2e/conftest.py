"""Labs for the tests of whole commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from migrate.sandbox.company import company
from migrate.sandbox.tenant import Tenant
from tests.e2e.laboratory import Lab, lab_in


@pytest.fixture
def make_lab(tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """Return a function that starts a lab: a company of 60 people unless another tenant is given."""
    with ExitStack() as stack:
        count = 0

        def make(tenant: Tenant | None = None, *, users: int = 60, **settings: Any) -> Lab:
            nonlocal count
            count += 1
            served = tenant if tenant is not None else company(1, users)
            return stack.enter_context(lab_in(tmp_path / f"lab{count}", served, **settings))

        yield make


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    """Return a lab with a company of 60 people."""
    return make_lab()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return a lab that has been exported and planned; for tests that change neither tenant nor folder."""
    with lab_in(tmp_path_factory.mktemp("exported"), company(1, 60)) as lab:
        lab.go("export")
        lab.go("plan")
        yield lab
