"""People who study, and people who write what there is to study."""

import pytest

from tests.api.conftest import As
from tests.api.studying.shelves import Shelf
from tests.organisation import Organisation


@pytest.fixture
def shelf(acting_as: As, organisation: Organisation) -> Shelf:
    """The cell's, as its editor handles it."""
    return Shelf(acting_as("editor"), organisation)


@pytest.fixture
def upper_shelf(acting_as: As, organisation: Organisation) -> Shelf:
    """The province's, as its admin handles it."""
    return Shelf(acting_as("admin"), organisation, "tinh")
