"""The parts of an audit on made-up rows: bounds of p-values, forms, matching, and one row of each cluster."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import rankdata

from bench.audit.bookkeeping.permutation import Sets, holm
from bench.audit.bookkeeping.problem import Problem
from bench.audit.bookkeeping.sampling import Matching, one_of_each, with_normal_controls
from bench.audit.marks.forms import Normal, column_forms, luhn, shown, stand_ins
from bench.audit.marks.marks_list import BY_NAME, Kind, columns_of


def bound_by_search(sets: Sets) -> float:
    """Work out Chernoff's bound with a minimiser of SciPy, set by set."""
    groups = [np.flatnonzero(sets.group == each) for each in np.unique(sets.group)]
    spread = np.ptp(np.concatenate([sets.scores[each] for each in groups]))
    parts = []
    for rows in groups:
        marked = sets.marked[rows]
        if marked.any() and not marked.all():
            parts.append((sets.scores[rows], marked))
    if not parts or not spread:
        return 1.0
    spread = np.ptp(np.concatenate([scores for scores, _ in parts]))
    if not spread:
        return 1.0

    def log_bound(t: float) -> float:
        total = 0.0
        for scores, marked in parts:
            centred = (scores - scores.mean()) / spread
            total += marked.sum() * np.log(np.exp(t * centred).mean()) - t * centred[marked].sum()
        return float(total)

    return float(np.exp(min(minimize_scalar(log_bound, bounds=(0, 256), method="bounded").fun, 0)))


@given(seed=st.integers(0, 10_000), shift=st.floats(0, 3), groups=st.integers(1, 30))
def test_the_bound_is_the_least_that_a_search_finds(seed: int, shift: float, groups: int) -> None:
    rng = np.random.default_rng(seed)
    group = np.sort(rng.integers(0, groups, 120))
    marked = rng.random(120) < 0.3
    scores = rng.random(120) + shift * marked * rng.random(120)
    sets = Sets(group, marked, scores)
    found, expected = sets._of_sum(scores), bound_by_search(sets)
    assert np.log(found) == pytest.approx(np.log(expected), abs=2e-3 + 1e-4 * abs(np.log(expected)))


def test_chance_is_seldom_below_a_level() -> None:
    """With 2,000 worlds without a leak, at most as many as said are below 0.05; large and small sets, heavy tails."""
    rng = np.random.default_rng(3)
    below = 0
    for _ in range(2000):
        group = rng.integers(0, 20, 150)
        scores = rng.pareto(1.5, 150)
        below += Sets(group, rng.random(150) < 0.2, scores).p_value() < 0.05
    assert below <= 100


def test_kinds_at_once_are_as_one_by_one() -> None:
    rng = np.random.default_rng(4)
    kind = rng.integers(0, 3, 600)
    group, marked, scores = kind * 10 + rng.integers(0, 10, 600), rng.random(600) < 0.3, rng.integers(0, 9, 600) / 9
    sets = Sets(group, marked, scores)
    auc, deviation = sets.roc_auc_by(kind, 3)
    for each in range(3):
        assert sets.pick(kind == each).roc_auc() == pytest.approx((auc[each], deviation[each]))
    wins = pairs = 0.0
    for each in np.unique(group[kind == 1]):
        mine = group == each
        high, low = scores[mine & marked][:, None], scores[mine & ~marked]
        wins += ((high > low) + 0.5 * (high == low)).sum()
        pairs += high.size * low.size
    assert auc[1] == pytest.approx(wins / pairs)


def test_holm_is_monotone_and_not_below_the_plain_value() -> None:
    values = [0.2, 0.001, 0.04, 0.001]
    adjusted = holm(values)
    assert adjusted == pytest.approx([0.2, 0.004, 0.08, 0.004])
    assert (rankdata(adjusted) == rankdata(values)).all()


def test_luhn_as_python_stdnum_has_it() -> None:
    from stdnum.luhn import is_valid  # noqa: PLC0415 - a test's dependency

    rng = np.random.default_rng(5)
    texts = [f"{number:0{digits}}" for digits in (1, 14, 15) for number in rng.integers(0, 10**digits, 200)]
    assert luhn(pl.Series(texts)).tolist() == [is_valid(text) for text in texts]
    assert luhn(pl.Series(["", "x", "12x", "\u0664\u0662"])).tolist() == [-1] * 4


def test_every_value_of_an_owner_counts_once() -> None:
    """In a row drawn at random; the others get what somebody else shows, never what is not there."""
    owner = pl.Series(["a"] * 50 + ["b"] * 50 + ["c"])
    value = pl.Series([1] * 50 + [2] * 25 + [3] * 25 + [None])
    source = stand_ins(owner, value, np.random.default_rng(1))
    assert (source == np.arange(101)).sum() >= 4  # one of each, and who happens to be drawn
    assert np.unique(source[:100]).size == 3
    seen = shown(value.cast(pl.Float64).to_numpy(), source)
    assert set(seen[:100]) == {1.0, 2.0, 3.0}
    assert (seen[:50] != 1).sum() > 20
    assert np.isnan(seen[100])


def test_the_forms_of_a_value_that_is_shown_instead_agree() -> None:
    """A call by somebody who stays at home has the digits of one other place, not one digit of each of several."""
    rng = np.random.default_rng(2)
    frame = pl.DataFrame({"x": rng.integers(0, 60, 600), "caller_id": rng.integers(0, 9, 600).astype(str)})
    found = column_forms("events", frame, Normal(np.ones(600, np.bool_), {}), frame["caller_id"], rng)
    digit, parity, zeros = (found[f"events.x.{what}"] for what in ("last_digit", "parity", "zeros"))
    assert (digit != frame["x"].to_numpy() % 10).any()
    assert (parity == digit % 2).all()
    assert ((zeros > 0) == (digit == 0)).all()


def test_the_check_digit_of_a_text_counts_once_unless_all_of_normal_life_has_it_right() -> None:
    """A hundred calls of one number are no hundred numbers; a device without a right digit is wrong in each call."""
    right, wrong = "79927398713", "79927398710"
    others = [f"{number:011}" for number in range(300)]
    normal = Normal(np.arange(400) >= 100, {})
    for texts, counted in ((others, 1), ([right] * 300, 100)):
        frame = pl.DataFrame({"callee_imsi": [wrong] * 100 + texts})
        digit = column_forms("calls", frame, normal, frame["callee_imsi"], np.random.default_rng(3))
        as_it_is = digit["calls.callee_imsi.check_digit"][:100] == 0
        chance = np.mean(luhn(pl.Series(texts)) == 0)
        assert as_it_is.sum() == pytest.approx(counted + (100 - counted) * chance, abs=12)
        assert as_it_is.all() == (counted == 100)


def test_forms_see_what_differs_in_writing() -> None:
    texts = pl.Series(["00123", "00456", "0045x", "004567"])
    frame = pl.DataFrame({"caller_imei": texts, "outcome": ["answered", "busy", "odd", "busy"]})
    normal = Normal(np.array([True, True, False, False]), {})
    found = column_forms("calls", frame, normal, frame["caller_imei"], np.random.default_rng(0))
    assert found["calls.caller_imei.shape"].tolist() == [0, 0, 1, 1]
    assert found["calls.outcome.word"].tolist() == [0, 0, 1, 0]


def test_gaps_are_filled_from_one_row_of_the_same_type() -> None:
    rng = np.random.default_rng(4)
    number = rng.integers(0, 100, 400).astype(float)
    type_code = np.repeat([0, 1], 200)
    number[type_code == 1] += 1000
    number[rng.random(400) < 0.4] = np.nan
    rows = (rng.random(400) < 0.3, type_code, np.arange(400), type_code)
    problem = Problem("calls", ("a", "b"), {"number": number, "half": number / 2, "same": np.ones(400)}, *rows)
    filled = problem.varying(rng).marks
    assert list(filled) == ["number", "half"]
    assert (filled["half"] == filled["number"] / 2).all()
    assert ((filled["number"] >= 1000) == (type_code == 1)).all()
    assert (filled["number"] == number)[np.isfinite(number)].all()


def test_positives_are_matched_by_key_and_else_loosely() -> None:
    key = np.array([0, 0, 0, 1, 1, 2])
    normal = np.array([True, True, False, False, False, True])
    match = Matching(key, np.zeros(6, np.int64), normal)
    chosen = with_normal_controls([np.array([2, 3])], match, 4, np.random.default_rng(0))
    sets = {each: set(chosen.row[chosen.group == each].tolist()) for each in np.unique(chosen.group)}
    assert sorted(map(sorted, sets.values())) == [[0, 1, 2], [0, 1, 3, 5]]


def test_one_row_of_each_cluster_is_kept() -> None:
    key = np.zeros(8, np.int64)
    match = Matching(key, key, np.arange(8) >= 5)
    chosen = with_normal_controls([np.arange(5)], match, 1, np.random.default_rng(0))
    kept = one_of_each(chosen, np.where(chosen.row < 3, 0, 1), key[chosen.row], np.random.default_rng(0))
    assert kept.positive.sum() == 2
    assert (~kept.positive).sum() == (~chosen.positive).sum()


def test_among_several_users_one_row_of_each_is_kept_on_either_side() -> None:
    """Who has no normal call stands beside others': somebody who has forty of them is still one user."""
    user = np.concatenate([[0] * 3, [1] * 2, [2] * 40, [3]])
    match = Matching(user, np.zeros(user.size, np.int64), np.arange(user.size) >= 5)
    chosen = with_normal_controls([np.arange(5)], match, 8, np.random.default_rng(0))
    assert chosen.loose.all()
    kept = one_of_each(chosen, chosen.row, user[chosen.row], np.random.default_rng(0))
    assert sorted(user[kept.row[kept.positive]]) == [0, 1]
    assert sorted(user[kept.row[~kept.positive]]) == [2, 3]


def test_a_type_touches_by_column_or_by_name() -> None:
    content, agreement = BY_NAME["talk_time"], BY_NAME["caller_imei_and_inventory"]
    assert content.touched(None)
    assert content.touched(("call_duration",))
    assert not content.touched(("callee_id",))
    assert agreement.touched(("caller_imei_and_inventory",))
    assert not agreement.touched(None)
    form = next(look for look in BY_NAME.values() if look.kind is Kind.FORM)
    assert not form.touched(columns_of("calls: call_id"))
