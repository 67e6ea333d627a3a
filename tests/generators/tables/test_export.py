"""The data products, as a stranger finds them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from small_worlds import SMALL, make_settings, make_world

from bench.schema import USER_FEATURES
from generators.tables import export
from generators.world import World

# The columns of the published generator, in its order.
SEED_COLUMNS = {
    "cdr_call_records": (
        "call_id caller_id callee_id call_start_ts call_end_ts call_duration first_cell_id last_cell_id caller_imei "
        "caller_imsi callee_imsi is_anomaly anomaly_type"
    ),
    "cdr_user_profiles": "user_id phone_number imei imsi home_cell_id user_type creation_date call_pattern",
    "cdr_cell_towers": "cell_id latitude longitude area_type tower_type",
    "cdr_communities": "user_id community_type community_id community_size",
}


@pytest.fixture(scope="module", params=["generator=default", "generator=seed_cdr"])
def products(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    overrides = (request.param, *SMALL)
    folder = tmp_path_factory.mktemp("products")
    counts = make_world(folder / "world", *overrides)
    manifest = {"counts": counts, "recipe": World(*make_settings(*overrides)).recipe(), "fingerprint": "0" * 16}
    (folder / "world" / "manifest.json").write_text(json.dumps(manifest))
    (folder / "out").mkdir()
    export.write(folder / "world", folder / "out", csv=True, progress=lambda *_: None)
    return folder / "out", counts


@pytest.mark.parametrize("name", SEED_COLUMNS)
def test_the_seeds_columns_come_first(products: tuple[Path, dict[str, Any]], name: str) -> None:
    expected = SEED_COLUMNS[name].split()
    assert pq.read_schema(products[0] / f"{name}.parquet").names[: len(expected)] == expected
    assert list(pd.read_csv(products[0] / f"{name}.csv", nrows=1).columns[: len(expected)]) == expected


def test_csv_says_what_parquet_says(products: tuple[Path, dict[str, Any]]) -> None:
    for path in products[0].glob("*.csv"):
        parquet = pd.read_parquet(path.with_suffix(".parquet"))
        texts = [name for name in parquet if not pd.api.types.is_numeric_dtype(parquet[name])]
        read = pd.read_csv(path, dtype=dict.fromkeys(texts, str))
        assert len(read) == len(parquet)
        for name in parquet:
            if pd.api.types.is_datetime64_any_dtype(parquet[name]):
                found = pd.to_datetime(read[name], utc=True)
                pd.testing.assert_series_equal(found, parquet[name].astype(found.dtype), check_names=False)
            elif pd.api.types.is_numeric_dtype(parquet[name]) and parquet[name].dtype != bool:
                np.testing.assert_allclose(read[name].astype(float), parquet[name])


def test_labels_are_those_of_the_truth(products: tuple[Path, dict[str, Any]]) -> None:
    out, counts = products
    calls, truth = pd.read_parquet(out / "cdr_call_records.parquet"), pd.read_parquet(out / "truth.parquet")
    assert calls["is_anomaly"].sum() == counts["anomalous_calls"]
    assert ((calls["anomaly_type"] != "normal") == calls["is_anomaly"]).all()
    direct = truth[(truth["cause"] == "direct") & (truth["change"] != "removed")].set_index("entity_id")
    labelled = calls[calls["is_anomaly"]].set_index("call_id")["anomaly_type"].astype(str)
    assert labelled.sort_index().equals(direct["anomaly_type"].astype(str).sort_index().rename_axis("call_id"))


def test_features_of_users_are_what_pandas_counts(products: tuple[Path, dict[str, Any]]) -> None:
    out, _ = products
    features = pd.read_parquet(out / "user_features.parquet").set_index("user_id")
    assert list(features.reset_index().columns) == USER_FEATURES.arrow.names
    calls = pd.read_parquet(out / "cdr_call_records.parquet")
    calls[["caller_id", "callee_id", "outcome"]] = calls[["caller_id", "callee_id", "outcome"]].astype(str)
    zone = json.loads((out / "manifest.json").read_text())["recipe"]["settings"]["region"]["time_zone"]
    local = calls["call_start_ts"].dt.tz_convert(zone)
    for user in [*features.index[:5], calls["caller_id"].value_counts().index[0]]:
        made = calls[calls["caller_id"] == user]
        talk = made.loc[made["outcome"] == "answered", "call_duration"]
        expected = {
            "outgoing_calls": len(made),
            "incoming_calls": (calls["callee_id"] == user).sum(),
            "total_calls": len(made) + (calls["callee_id"] == user).sum(),
            "mean_duration": talk.mean() if len(talk) else 0,
            "longest_duration": made["call_duration"].max() if len(made) else 0,
            "distinct_contacts": made["callee_id"].nunique(),
            "night_share": (local[made.index].dt.hour < 5).mean() if len(made) else 0,
            "weekend_share": (local[made.index].dt.day_of_week >= 5).mean() if len(made) else 0,
            "short_share": (talk < 10).mean() if len(talk) else 0,
            "is_anomalous_user": made["is_anomaly"].any(),
        }
        assert features.loc[user].to_dict() == pytest.approx(expected)


def test_the_data_card_states_the_counts(products: tuple[Path, dict[str, Any]]) -> None:
    out, counts = products
    card = (out / "README.md").read_text()
    assert f"{counts['calls']:,} calls" in card
    for name, calls in counts["calls_by_type"].items():
        assert f"| {name} | {calls:,} |" in card
    for column in ("first_cell_id", "is_anomaly", "valid_from", "night_share"):
        assert f"| {column} |" in card
