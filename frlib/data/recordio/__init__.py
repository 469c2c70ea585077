"""RecordIO files (`.rec`, `.idx`, `property`, `.lst`) as MXNet and InsightFace write them.

Made from the layout alone, without MXNet and without pickle. `framing`: parts and records.
`header`: what stands before an image. `index`: keys and offsets; `entries`: sorting them in little
room. `reader`: records by key. `identities`: header record 0 and the ranges of InsightFace.
`companions`: `property` and `.lst`. `writer`: the same bytes again.

Layouts in the wild, told apart by the data: with an identity header (key 0 has an empty image; the
images follow, then perhaps a record per identity), or plain (every record is an image, `im2rec`).
"""
