"""Intervals and tests. numpy and scipy only."""
