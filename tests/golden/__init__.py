"""Golden values recorded from the published programs. See `test_golden`."""
