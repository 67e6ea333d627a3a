"""The contract of a detector as checks, which can be run on any detector.

On the command line, `cdrbench check my.module:MyDetector power=0.5`; in a test,

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_contract(check):
        check(Subject(lambda: MyDetector(power=0.5)))

A check raises `BrokenContract`, which is an `AssertionError`, and says what was wrong. They run on worlds of a few
hundred calls, made up in a temporary folder.
"""

from detectors.checks.contract import CHECKS, BrokenContract, Check
from detectors.checks.subject import Subject

__all__ = ["CHECKS", "BrokenContract", "Check", "Subject"]
