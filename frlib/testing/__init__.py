"""Checks that come with the library, for packages that add choices to it."""
