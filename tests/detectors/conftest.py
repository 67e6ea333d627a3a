"""What the tests of detectors share."""

import pytest
from call_tables import ordinary_calls, write_calls


@pytest.fixture(scope="session")
def ordinary(tmp_path_factory):
    """Four thousand calls of 200 users in 14 days."""
    return write_calls(tmp_path_factory.mktemp("ordinary"), ordinary_calls(4000, 200, 14), 14)
