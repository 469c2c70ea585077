"""The protocols written out as loops over folds and thresholds, straight from their definition."""

import numpy as np


def parts(fold, index):
    train = fold != index if len(np.unique(fold)) > 1 else np.ones(len(fold), bool)
    return train, fold == index


def insightface(distance, same, fold):
    grid = np.arange(0, 4, 0.01)
    accuracy, chosen = [], []
    for index in np.unique(fold):
        train, test = parts(fold, index)
        best = max(grid, key=lambda t: (np.mean((distance[train] < t) == same[train]), -t))
        chosen.append(best)
        accuracy.append(np.mean((distance[test] < best) == same[test]))
    return np.array(accuracy), np.array(chosen)


def mean_roc(distance, same, fold):
    grid = np.arange(0, 4, 0.01)
    rates = []
    for index in np.unique(fold):
        test = fold == index
        accepted = distance[test, None] < grid
        rates.append(
            [
                accepted[kind].mean(0) if kind.any() else np.zeros(len(grid))
                for kind in (same[test], ~same[test])
            ]
        )
    return np.mean(rates, axis=0)


def boundaryface(left, right, same, fold):
    grid = np.arange(-10_000, 10_001) / 10_000
    accuracy, chosen = [], []
    for index in np.unique(fold):
        train, test = parts(fold, index)
        mean = np.concatenate([left[train], right[train]]).astype(np.float64).mean(0)
        a, b = left - mean, right - mean
        cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)

        def share(rows, thresholds, cosine=cosine):
            score = cosine[rows, None]
            right_if_same, right_if_not = score > thresholds, score < thresholds
            return np.where(same[rows, None], right_if_same, right_if_not).mean(0)

        on_grid = share(train, grid)
        chosen.append(grid[np.isclose(on_grid, on_grid.max(), rtol=0, atol=1e-12)].mean())
        accuracy.append(share(test, np.array([chosen[-1]]))[0])
    return np.array(accuracy), np.array(chosen)


def facexzoo(cosine, same, fold):
    accuracy, chosen = [], []
    for index in np.unique(fold):
        train, test = parts(fold, index)
        low, high = cosine[train].min(), cosine[train].max()
        best, threshold = -np.inf, None
        for step in range(1, 1001):
            t = low + (high - low) * step / 1000
            gain = (cosine[train & same] > t).mean() - (cosine[train & ~same] > t).mean()
            if gain > best + 1e-12:
                best, threshold = gain, t
        chosen.append(threshold)
        right = np.where(same[test], cosine[test] > threshold, cosine[test] < threshold)
        accuracy.append(right.mean())
    return np.array(accuracy), np.array(chosen)


def faces(seed, pairs=120, dim=12, spread=1.2):
    """Embeddings `[2 P, D]` float32 of noisy people, and flags in random order."""
    draw = np.random.default_rng(seed)
    same = draw.permutation(np.arange(pairs) % 2 == 0)
    left = draw.normal(size=(pairs, dim))
    right = np.where(same[:, None], left, draw.normal(size=(pairs, dim)))
    emb = np.empty((2 * pairs, dim), np.float32)
    emb[0::2] = left + spread * draw.normal(size=left.shape) + 0.5
    emb[1::2] = right + spread * draw.normal(size=left.shape) + 0.5
    return emb, same
