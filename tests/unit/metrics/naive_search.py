"""1:N search with the whole score matrix and a loop over probes, as published scripts have it."""

import math

import numpy as np


def joined(gallery, gallery_subjects, probes, probe_subjects, targets, ranks):
    """(share of probes within each rank, [(TPIR, threshold)]) in one gallery, mates for all."""
    similar = probes @ gallery.T
    hits, mates, others = np.zeros(len(ranks)), [], []
    for row, subject in zip(similar, probe_subjects, strict=True):
        own = gallery_subjects == subject
        assert own.sum() == 1
        mates.append(row[own][0])
        others.extend(row[~own])
        hits += [(row[~own] > row[own][0]).sum() < rank for rank in ranks]
    others = sorted(others, reverse=True)
    thresholds = [others[math.ceil(len(probes) * target) - 1] for target in targets]
    found = [(float(np.mean(np.array(mates) > t)), t) for t in thresholds]
    return (hits / len(probes)).tolist(), found


def one_of_split(gallery, gallery_subjects, probes, probe_subjects, targets, ranks):
    """(counts within each rank, [(TPIR, threshold)]) of one gallery with strangers among probes."""
    counts = np.zeros(len(ranks), int)
    mates, rivals, strangers = [], [], []
    for row, subject in zip(probes @ gallery.T, probe_subjects, strict=True):
        own = gallery_subjects == subject
        if not own.any():
            strangers.append(row.max())
            continue
        mates.append(row[own][0])
        rivals.append(row[~own].max())
        counts += [(row[~own] > row[own][0]).sum() < rank for rank in ranks]
    mates, rivals = np.array(mates), np.array(rivals)
    strangers = np.sort(strangers)[::-1]
    thresholds = [strangers[max(int(len(strangers) * target) - 1, 0)] for target in targets]
    found = [(float(np.mean((mates > rivals) & (mates > t))), t) for t in thresholds]
    return counts.tolist(), found
