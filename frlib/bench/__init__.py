"""Benchmarks: two implementations of one result, agreement first, then ratios and floors."""
