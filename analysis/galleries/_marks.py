"""Marks that differ in form and in words, not in colour alone. Colours: Okabe and Ito's."""

from analysis.galleries._gallery import Mark, Outcome

INK, SOFT, RULE, PAPER, FILL = "#1a1a1a", "#5c5c5c", "#d9d9d6", "#ffffff", "#efefec"
FLAGGED, MISSED, PROPOSED = "#b34700", "#7b3f98", "#00629b"

STROKES: dict[Outcome, tuple[tuple[tuple[float, float], ...], ...]] = {
    "right": (((0.2, 0.55), (0.42, 0.76), (0.8, 0.26)),),
    "half": (((0.2, 0.5), (0.8, 0.5)),),
    "wrong": (((0.25, 0.25), (0.75, 0.75)), ((0.75, 0.25), (0.25, 0.75))),
    "unknown": (
        ((0.32, 0.34), (0.4, 0.2), (0.6, 0.2), (0.68, 0.34), (0.5, 0.5), (0.5, 0.62)),
        ((0.5, 0.79), (0.5, 0.81)),
    ),
}
"""Lines of an outcome's sign in the unit square, y downwards."""
OUTCOME_COLOURS: dict[Outcome, str] = {
    "right": "#00705a",
    "half": "#8a6100",
    "wrong": "#b3261e",
    "unknown": "#5c5c5c",
}
OUTCOMES: dict[Outcome, str] = {
    "right": "the label was wrong, and so it was found",
    "half": "the label was wrong, but the proposal is too",
    "wrong": "the label was right: flagged by mistake",
    "unknown": "the truth is unknown",
}
MARKS: dict[Mark, str] = {
    "flagged": "flagged; the number is that of its entry below",
    "kept": "not flagged",
    "missed": "missed: wrong, and not flagged",
}
BAR = "bar and number under an image: suspicion, 0 to 1"
