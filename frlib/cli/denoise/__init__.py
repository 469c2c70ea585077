"""`frlib denoise <verb>`: which samples are labelled wrongly, and a set without them."""

from frlib.cli.denoise import decide, imported, lists, score, write
from frlib.cli.denoise.gallery import gallery
from frlib.cli.reference import noun

app = noun(
    "denoise",
    "frlib.denoise",
    "Samples that are labelled wrongly: find them, score it, write the set without them.",
)
app.command()(decide.decide)
app.command()(score.score)
app.command()(write.write)
app.command()(lists.lists)
app.command("import")(imported.import_)
app.command()(gallery)
