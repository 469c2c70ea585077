"""Features that models wrote to disk: single files, one packed array, path lists, noise lists."""
