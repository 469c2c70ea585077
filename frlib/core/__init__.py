"""The vocabulary every other package uses. Imports neither torch nor ray."""
