"""Ways to corrupt a manifest, a module each: `Config` and

`apply(manifest, config, rng, *, clean, pool) -> Manifest`

`manifest` may carry earlier noise; `clean` is the manifest before any, row for row the same
samples, and gives the class sizes that ratios are shares of; `pool` holds images of other people
(or is None). The result keeps every row in its place, and `facts["noise"][<module>]` says what was
realised.
"""
