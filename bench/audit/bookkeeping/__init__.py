"""Tests of whether how records are written (digits, order, agreement) separates anomalous rows from normal ones."""
