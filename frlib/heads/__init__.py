"""Heads: slots, and presets that name published compositions of slots."""
