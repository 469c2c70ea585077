"""Findings on a set that had been cleaned by earlier findings, told of the set as it was at first.

dropped before            stays as it was found then
relabelled before         keeps that label, unless it is flagged now
flagged now               by what is found now; a proposal that is the first label clears the sample
"""

from dataclasses import replace

import numpy as np
import pyarrow.compute as pc

from frlib.cleaning.evidence import Apply
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.core.errors import DataError
from frlib.data.texts import to_arrow


def compose(before: Findings, applied: Apply, now: Findings) -> Findings:
    """Both together, on the samples of `before`. `DataError` where `now` names others."""
    identities = tuple(sorted({*before.identities, *now.identities}))
    before, now = _numbered(before, identities), _numbered(now, identities)
    places = pc.index_in(to_arrow(now.ids), value_set=to_arrow(before.ids).combine_chunks())
    if places.null_count:
        raise DataError(
            f"findings of {now.kind!r} name {places.null_count} samples that those before them "
            "did not; expected findings on what the first ones left"
        )
    rows = places.to_numpy().astype(np.int64)
    is_now = np.zeros(len(before), dtype=np.bool_)
    is_now[rows] = now.is_flagged
    flagged, proposed = before.is_flagged.copy(), before.proposed.copy()
    if applied == "drop":
        flagged[rows] = False
    proposed[rows] = np.where(now.is_flagged, now.proposed, proposed[rows])
    flagged |= is_now
    cleared = flagged & (proposed == before.given)
    flagged &= ~cleared
    suspicion = before.suspicion.copy()
    moved = before.is_flagged.copy()
    fresh = ~moved[rows] | now.is_flagged
    suspicion[rows[fresh]] = now.suspicion[fresh]
    return replace(
        before,
        kind=now.kind,
        is_flagged=flagged,
        proposed=np.where(flagged, proposed, NO_PROPOSAL),
        suspicion=suspicion,
        facts=now.facts,
    )


def _numbered(found: Findings, identities: tuple[str, ...]) -> Findings:
    place = {name: number for number, name in enumerate(identities)}
    number = np.array([*(place[name] for name in found.identities), NO_PROPOSAL], dtype=np.int64)
    true = found.true
    if true is not None:
        inside = (true >= 0) & (true < len(found.identities))
        true = np.where(inside, number[np.where(inside, true, 0)], np.minimum(true, -1))
    return replace(
        found,
        identities=identities,
        given=number[found.given],
        proposed=number[found.proposed],
        true=true,
    )
