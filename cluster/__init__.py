"""Places: how studies run on Ray clusters."""
