"""The audit: five checks of whether a world's labels can be trusted, and their verdict.

Each check returns a `bench.audit.verdict.Check` (green, marked, red or untested). `bench.audit.checks` runs them all,
and `bench.audit.auditing` keeps the verdict with the world.

- identity (`bench.audit.identity`): the world differs from its clean twin in the labelled rows only;
- bookkeeping (`bench.audit.bookkeeping.leak`): no property of how records are written (a *mark*, listed in
  `bench.audit.marks.marks_list`) separates anomalous rows from normal ones;
- triviality (`bench.audit.triviality`): no single feature of a frozen list (`detectors.features.tables.audited`) finds
  a type;
- amounts, incidents (`bench.audit.amounts`): the share of anomalous calls is the requested one, and each type has
  enough incidents.

`bench.audit.difficulty` is another question, asked by `cdrbench difficulty`: whether a type gets harder to find.
Limits are settings: `bench.audit_settings.AuditSettings`.
"""
