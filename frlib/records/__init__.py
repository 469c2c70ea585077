"""The truth: append-only tidy tables per attempt. pyarrow and pandas only."""
