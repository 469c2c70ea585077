"""What is asked of a set, a module each.

A module defines

* `TITLE`, a heading, and `ORDER`, its place on the page (lower comes first);
* `RULES: tuple[Rule, ...]`, when something is an error or a warning and what to do then;
* `ask(subject) -> Answer | None`; None where the question does not apply (nothing to compare with).
"""
