"""Is a set of faces fit to train on or to report on? Questions about it, and what was found.

`run.check` looks once at every image (`looks`), then puts every question of `questions` to the set.
A question answers with facts and with findings (`report`); a finding is an error or a warning by a
rule that the question's module states.
"""
