"""Evaluation lists from one's own images: pairs to verify, and people to identify."""
