"""Run the five checks of the audit on one world."""

from bench.audit.amounts import check_amounts, check_incidents
from bench.audit.audited_world import AuditedWorld
from bench.audit.bookkeeping.leak import check_bookkeeping
from bench.audit.identity import check_identity
from bench.audit.triviality import check_triviality, feature_list
from bench.audit.verdict import Check
from bench.audit_settings import AuditSettings
from bench.generator import Progress


def checks(subject: AuditedWorld, settings: AuditSettings, progress: Progress) -> tuple[Check, ...]:
    """Run all checks; the check of triviality needs a list of features."""
    made = [check_identity(subject, progress), check_bookkeeping(subject, settings, progress)]
    if settings.features is not None:
        made.append(check_triviality(subject, settings, feature_list(settings.features), progress))
    return (*made, check_amounts(subject, settings), check_incidents(subject))
