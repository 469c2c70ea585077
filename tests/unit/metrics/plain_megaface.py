"""MegaFace and identification written out as loops over trials, straight from their definition."""

import numpy as np


def unit(rows):
    rows = np.asarray(rows, dtype=np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def cmc(probe, person, distractor, ranks):
    """Share of trials right at ranks 1..; features are taken as they are."""
    right, trials = np.zeros(ranks), 0
    for i in range(len(probe)):
        best = np.sort(distractor @ probe[i])[::-1]
        best = np.concatenate([best, np.full(ranks, -np.inf)])[:ranks]
        for j in range(len(probe)):
            if i != j and person[i] == person[j]:
                trials += 1
                right += probe[i] @ probe[j] >= best
    return right / trials


def refined(probe, person, noisy, drawn=None):
    """Probes with the noisy ones replaced by sums; `drawn`: noise added to them, row by row."""
    found = probe.copy()
    for place, i in enumerate(np.flatnonzero(noisy)):
        total = sum(probe[j] for j in range(len(probe)) if person[j] == person[i] and not noisy[j])
        total = total if drawn is None else total + drawn[place]
        found[i] = total / np.linalg.norm(total)
    return found


def tar(genuine, impostors, target):
    """Largest TAR with FAR <= target over all thresholds, and the impostors above it."""
    best = (0.0, 0)
    for threshold in [-np.inf, *np.unique(impostors)]:
        above = int((impostors > threshold).sum())
        if above / len(impostors) <= target:
            best = max(best, (float((genuine > threshold).mean()), above))
    return best


def identify(gallery, subjects, probe, own, distractor):
    """Rank of the mate (0 without one), its score, and the best other of every probe."""
    found = []
    for row, subject in zip(probe, own, strict=True):
        scores = {s: max(gallery[k] @ row for k in np.flatnonzero(subjects == s)) for s in subjects}
        mate = scores.pop(subject, None)
        others = [*scores.values(), *(distractor @ row)]
        above = 0 if mate is None else 1 + sum(other > mate for other in others)
        found.append((above, np.nan if mate is None else mate, max(others, default=-np.inf)))
    return [np.array(column) for column in zip(*found, strict=True)]


def crowd(seed, people=6, images=4, distractors=50, dim=8, spread=0.9):
    """Probes, persons, distractors and noise flags; everybody has clean images."""
    draw = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), images)
    centre = draw.normal(size=(people, dim))
    probe = centre[person] + spread * draw.normal(size=(len(person), dim))
    other = draw.normal(size=(distractors, dim))
    noisy = np.zeros(len(person), dtype=bool)
    noisy[::images] = draw.random(people) < 0.5
    return probe, person, other, noisy, draw.random(distractors) < 0.3
