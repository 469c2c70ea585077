"""Embedding on Ray (the same bytes as in one process), and with a run that was trained here."""

from pathlib import Path

import pytest
import torch

from frlib.backbones import tiny
from frlib.core.config import to_dict
from frlib.core.errors import DataError
from frlib.data.prepare import prepare
from frlib.data.sources import image_folder
from frlib.evaluate import extract
from frlib.evaluate.model import named, open_model
from frlib.evaluate.models import weights
from frlib.metrics import verification
from frlib.rayrun import embedding
from frlib.records import declare
from frlib.train import replicate
from frlib.train.place import here
from tests.integration import mini
from tests.unit.data.tiny_sets import people, write_folder

BACKBONE = tiny.Config(width=4, embedding_size=8)


@pytest.mark.ray
def test_embedding_when_shared_on_ray_then_equals_one_process(tmp_path: Path) -> None:
    import ray

    write_folder(tmp_path / "set", people(6, 5))
    torch.manual_seed(1)
    torch.save(tiny.build(BACKBONE, 32).state_dict(), tmp_path / "w.pt")
    model = weights.Config(path=str(tmp_path / "w.pt"), backbone=BACKBONE, size=32)
    source = image_folder.Config(path=str(tmp_path / "set"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        how = {"batch": 2}
        out = tmp_path / "ray.arrow"
        facts = embedding.embed(model, source, tmp_path / "a", out, workers=2, how=how)
        assert facts["embedded"] == 11 and facts["zero"] == 0
        alone = extract.extract(open_model(model), source, tmp_path / "b", batch=2)
        alone.save(tmp_path / "alone.arrow")
        assert out.read_bytes() == (tmp_path / "alone.arrow").read_bytes()
        with pytest.raises(DataError, match=r"missing, first 'gone\.jpg'") as caught:
            embedding.embed(
                model, source, tmp_path / "a", out, workers=2, how={"ids": ["gone.jpg"]}
            )
        assert type(caught.value) is DataError
    finally:
        torch.set_num_threads(threads)
        ray.shutdown()


def test_run_when_embedded_afterwards_then_its_recorded_accuracy_comes_out(tmp_path: Path) -> None:
    config = mini.study().base.model_copy(update={"epochs": 1})
    ticket = replicate.Ticket(tmp_path, "mini", "0123456789abcdef", 0)
    rows: list[dict[str, float]] = []
    recorded = replicate.run(config, ticket, here(use_gpu=False), rows.append)
    arm = {"arm": ticket.arm, "config": to_dict(config)}
    declare.write_arm(ticket.study_folder, arm)
    found = extract.extract(open_model(named(str(ticket.folder))), mini.EVAL, tmp_path, exact=True)
    (shown,) = prepare(config.data, config.noise, ticket.seed, tmp_path).benchmarks
    at = found.places(shown.manifest.ids)
    assert found.mirrored is not None
    pairs = shown.pairs
    again = verification.VARIANTS["insightface10"](
        found.plain[at], found.mirrored[at], pairs.left, pairs.right, pairs.same, pairs.fold
    )
    # up to one pair of 100: other batches round otherwise
    assert again.accuracy == pytest.approx(recorded["faces/insightface10/accuracy"], abs=0.011)
    assert found.about["kind"] == "run" and found.about["size"] == 32
