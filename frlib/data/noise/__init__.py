"""Ways to corrupt a manifest, a module each: `STAGE`, `ORDER`, `Config` (a `_step.Step`) and

`apply(manifest, config, rng, *, clean, pool) -> Manifest`

`manifest` may carry earlier noise; `clean` is the reference, row for row the same samples, and
gives the class sizes that ratios are shares of; `pool` holds images of other people (or is None).
At its defaults a step is neutral: it returns the manifest as it came. `facts["noise"][<module>]` of
the result says what was realised.

`STAGE` is one of `STAGES`, which are gone through in this order; `ORDER` is the usual place inside
it, a number. What a stage may change:

* `reshaping`: rows, classes, the label space. Its result is the reference of what follows.
* `flip`: the label, or the person shown, of rows that are clean so far. Every row stays in place.
* `flaw`: pixels, of rows without a flaw whatever their label. See `frlib.data.flaws`.

A package outside adds one through the entry-point group `frlib.data.noise`.
"""

STAGES = ("reshaping", "flip", "flaw")
