"""Tests of whether marks of bookkeeping separate anomalous rows from normal ones."""
