"""The published figures come out, and one that does not is reported."""

import pytest

from bench.commands import verify
from bench.commands.verified_figures import WBC_ROC_AUC


def test_wbc_is_that_of_odds():
    features, outlier = verify.wbc()
    assert features.shape == (378, 30)
    assert outlier.sum() == 21
    assert (features.min(), features.max()) == (0, 1)


def test_the_published_ranks_come_out():
    assert all(check.holds for check in verify.rank_checks())


@pytest.mark.parametrize(
    ("library", "checks"), [("autorank", verify.autorank_checks), ("scikit_posthocs", verify.posthocs_checks)]
)
@pytest.mark.filterwarnings("ignore")
def test_other_libraries_agree(library, checks):
    pytest.importorskip(library)
    assert all(check.holds for check in checks())


@pytest.mark.slow
def test_pyods_table_comes_out():
    found = list(verify.pyod_checks())
    assert len(found) == len(WBC_ROC_AUC)
    assert all(check.holds for check in found), found


def test_a_figure_that_does_not_agree_ends_with_code_1(monkeypatch, capsys):
    monkeypatch.setattr(verify, "pyod_checks", lambda: iter([verify.Figure("a figure", 0.9, 0.8, 1e-3)]))
    monkeypatch.setattr(verify, "find_spec", lambda _: None)
    with pytest.raises(SystemExit) as ended:
        verify.main()
    assert ended.value.code == 1
    output = capsys.readouterr().out
    assert "DIFFERS by more than 0.001" in output
    assert "autorank is not installed and was not checked against: pip install" in output
