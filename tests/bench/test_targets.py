import pytest

from bench.targets import parameters, path_faults, target_faults


def test_parameters_are_read_from_the_source_or_from_the_thing_itself() -> None:
    assert parameters("toy_detectors.Slow") == ("note",)
    assert parameters("sklearn.ensemble.IsolationForest")[:2] == ("n_estimators", "max_samples")  # type: ignore[index]
    assert parameters("bench.result.Result") == ("asked", "status", "reason", "values", "cost", "versions")
    assert parameters("bench.store.fingerprint_of") == ("world",)
    assert parameters("builtins.dict") is None


def test_a_tree_is_walked_and_every_fault_told() -> None:
    tree = {
        "_target_": "toy_detectors.Slow",
        "notes": 1,
        "parts": [{"_target_": "os.system"}, {"_target_": "bench.store.find_or_mak"}],
    }
    told = [str(fault) for fault in target_faults(tree, "detector", ["toy_detectors"])]
    assert told[0] == "detector.notes must be a parameter of toy_detectors.Slow, got 1; did you mean note?"
    assert told[1].startswith("detector.parts must be a parameter of toy_detectors.Slow")
    assert told[2].startswith("detector.parts[0]._target_ must be in one of the packages bench, ")
    assert told[3].endswith("got 'bench.store.find_or_mak'; did you mean bench.store.find_or_make?")
    assert len(told) == 4


@pytest.mark.parametrize("path", ["bench", "bench.nothing.here", "bench.store.FORMAT", "pyod.modelz.x.Y"])
def test_a_path_that_leads_nowhere(path: str) -> None:
    assert len(list(path_faults(path, "key", []))) == 1
