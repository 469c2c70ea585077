"""One set of faces from one format into another, image bytes unchanged.

`run`: sets of identities, from any source into any sink. `stream`: images in order, read ahead and
checked. `journal`: how far a conversion is. `verify`: the written set against the manifest.
`formats`: a format by name or by the look of a path. `pair_formats`: verification sets.
`watch`: who is told how far it is.
"""
