"""Figures: pure functions of tables of numbers, one figure a module."""
