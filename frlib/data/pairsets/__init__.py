"""Verification sets in the formats of the field: `.bin` files, folders and pair lists."""
