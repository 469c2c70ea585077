"""The noise laboratory: which noise, putting it in, what came of it, and looking at it.

`config` has a field for each kind of noise (`frlib.data.noise`), `corrupt` applies them in order,
`realised` counts, `draw` does all that for a source, `cases` picks what to look at, `truth_table`
writes down what is true of every image.
"""
