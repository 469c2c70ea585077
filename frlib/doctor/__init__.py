"""What must be so before a study runs on a cluster: asked on every node, judged in one place.

To add a check, add `checks/NAME.py`:

    ORDER               where it stands in the table
    look(asked)         on every node and here: facts, as plain JSON types; quick, changes nothing
    look_again(asked, seen)   optional, after all have looked; seen: facts of all by their place
    judge(report)       findings, of a report alone: nothing is asked any more

A look that raises or takes too long is a failure of that check on that node; the others go on.
"""
