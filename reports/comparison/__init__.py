"""The pages that compare all recorded runs: report.html, report.md and the heat map."""
