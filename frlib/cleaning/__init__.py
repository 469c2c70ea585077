"""The cleaning laboratory: evidence about samples, findings on them, scores, cleaned data sets.

evidence ─► a rule of `frlib.denoise` ─► findings ─► scored against the truth, or applied to the set
"""
