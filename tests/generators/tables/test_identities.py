"""No identity may belong to a real person, and each must be well formed; checked with python-stdnum."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import imei, imsi, luhn

from generators.tables.identities import devices, digits_for, numbered, phone_numbers, sims, user_ids

PREFIX_OF_NO_COUNTRY = "+999"
RANGES = {"subscriber": "1", "unlisted": "2", "foreign": "34567", "premium": "9"}


@pytest.fixture(scope="module")
def tables(default_world: tuple[Path, dict[str, Any]]) -> dict[str, pl.DataFrame]:
    data = default_world[0] / "data"
    return {
        p.stem: pl.read_parquet(p).with_columns(pl.col(pl.Categorical).cast(pl.String)) for p in data.glob("*.parquet")
    }


def test_sims_are_of_the_test_network(tables: dict[str, pl.DataFrame]) -> None:
    known = {*tables["subscriptions"]["imsi"], *tables["calls"]["callee_imsi"]}
    assert all(imsi.is_valid(number) and len(number) == 15 and number.startswith("00101") for number in known)


def test_devices_have_test_type_codes_and_right_check_digits(tables: dict[str, pl.DataFrame]) -> None:
    known = set(tables["subscriptions"]["imei"])
    assert all(imei.is_valid(number) and len(number) == 15 and number.startswith("00") for number in known)


def test_numbers_are_no_countrys_and_tell_the_made_up_range(tables: dict[str, pl.DataFrame]) -> None:
    calls = tables["calls"]
    for kind, digits in RANGES.items():
        numbers = calls.filter(callee_type=kind)["callee_number"]
        assert numbers.len() > 0
        assert numbers.str.contains(rf"^\+999[{digits}]\d{{8}}$").all()
    assert tables["users"]["phone_number"].str.starts_with(PREFIX_OF_NO_COUNTRY).all()


def test_cells_are_of_the_test_network(tables: dict[str, pl.DataFrame]) -> None:
    assert tables["cells"]["cgi"].str.contains(r"^001-01-\d{5}-\d{5}$").all()


def test_nobody_shares_an_identity(tables: dict[str, pl.DataFrame]) -> None:
    users, periods = tables["users"], tables["subscriptions"]
    for column in ("user_id", "phone_number", "imei", "imsi"):
        assert users[column].is_unique().all()
    for column in ("imei", "imsi"):
        assert periods.group_by(column).agg(pl.col("user_id").n_unique() == 1)["user_id"].all()


@given(st.lists(st.integers(0, 10**12 - 1), min_size=1, max_size=20))
def test_check_digits_are_those_of_another_library(values: list[int]) -> None:
    for value, text in zip(values, numbered("00", np.array(values), 12, check=True).to_pylist(), strict=True):
        assert text == f"00{value:012d}{luhn.calc_check_digit(f'00{value:012d}')}"


@given(st.integers(0, 2**63 - 1), st.integers(1, 400))
def test_an_identity_does_not_depend_on_who_else_is_there(seed: int, users: int) -> None:
    few, more = np.arange(users), np.arange(users + 7)
    assert sims(seed, few).to_pylist() == sims(seed, more).to_pylist()[:users]
    assert devices(seed, few).to_pylist() == devices(seed, more).to_pylist()[:users]
    assert len(set(user_ids(seed, users).to_pylist())) == users


def test_external_numbers_lie_in_the_ranges_of_their_types() -> None:
    numbers = phone_numbers(3, np.array([10, 12, 15, 16])).to_pylist()
    assert [n[4] for n in numbers[:12]] == ["1"] * 10 + ["2"] * 2
    assert all(n[4] in "34567" for n in numbers[12:15])
    assert numbers[15][4] == "9"


def test_widths_grow_with_what_is_numbered() -> None:
    assert [digits_for(n, 4) for n in (0, 1, 10_000, 10_001)] == [4, 4, 4, 5]
