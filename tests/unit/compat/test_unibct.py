import numpy as np
import pytest
import torch

from frlib.compat import bct, unibct
from frlib.compat._term import Block
from frlib.compat._unibct_term import prototype
from frlib.core.errors import ConfigError
from tests.unit.compat.sides import ABSENT, DIM, head_of, seen_of, term_of, world


def rows(seed, images, dim=4):
    draw = np.random.default_rng(seed)
    return torch.from_numpy(draw.normal(size=(images, dim)))


def refined(new, old, lamb, temper, axis):
    """The whole system, as the definition reads; axis 1: rows of E sum to one."""
    near = new @ new.T / temper
    np.fill_diagonal(near, -1e9)
    mixing = np.exp(near - near.max(axis=axis, keepdims=True))
    mixing /= mixing.sum(axis=axis, keepdims=True)
    return ((1 - lamb) * np.linalg.inv(np.eye(len(new)) - lamb * mixing) @ old).mean(0)


@pytest.mark.parametrize("images", [1, 2, 7])
@pytest.mark.parametrize("lamb", [0.0, 0.5, 0.9])
def test_prototype_when_written_out_then_as_the_whole_system(images, lamb):
    new, old = rows(0, images), rows(1, images, 3)
    told = {"lamb": lamb, "temper": 0.3}
    unit = new.numpy() / np.linalg.norm(new, axis=1, keepdims=True)
    found = prototype(new, old, variant="rows", **told)
    np.testing.assert_allclose(found, refined(unit, old.numpy(), lamb, 0.3, 1), rtol=1e-9)
    found = prototype(new, old, variant="rows", unit=False, **told)
    np.testing.assert_allclose(found, refined(new.numpy(), old.numpy(), lamb, 0.3, 1), rtol=1e-9)
    found = prototype(new, old, variant="source", **told)
    np.testing.assert_allclose(found, refined(new.numpy(), old.numpy(), lamb, 0.3, 0), rtol=1e-9)


def test_prototype_when_lamb_is_zero_or_the_image_is_alone_then_the_mean():
    old = rows(1, 5)
    found = prototype(rows(0, 5), old, lamb=0, temper=0.05, variant="rows")
    torch.testing.assert_close(found, old.mean(0))
    alone = prototype(rows(0, 1), old[:1], lamb=0.9, temper=0.05, variant="rows")
    torch.testing.assert_close(alone, old[0])


def blocks(here, seed=0):
    """Two blocks of the whole set; the last class has images too."""
    labels_N = torch.cat([here.labels_N, torch.full((3,), ABSENT)]).sort().values
    new_ND, old_Nd = rows(seed, len(labels_N), DIM), rows(seed + 1, len(labels_N), DIM)
    cut = int((labels_N < 2).sum())
    return [
        Block(labels_N[part], new_ND[part], old_Nd[part])
        for part in (slice(0, cut), slice(cut, None))
    ]


@pytest.mark.parametrize("variant", ["rows", "source"])
def test_renew_when_blocks_come_then_every_class_of_them_has_a_new_prototype(variant):
    here = world()
    config = unibct.Config(variant=variant)
    term = term_of(config, here)
    assert torch.equal(term.prototypes_Cd.float(), here.side.made["means"])
    given = blocks(here)
    term.renew(given[:1], 10)
    assert torch.equal(term.prototypes_Cd[2:].float(), here.side.made["means"][2:])
    term.renew(given, 10)
    for block in given:
        for c in block.labels_n.unique().tolist():
            own = block.labels_n == c
            wanted = prototype(
                block.new_nD[own], block.old_nd[own], lamb=0.9, temper=0.05, variant=variant
            )
            if variant == "rows":
                wanted = wanted / wanted.norm()
            torch.testing.assert_close(term.prototypes_Cd[c], wanted)


def test_renew_when_a_class_is_large_then_some_images_are_drawn_by_seed_epoch_and_class():
    here = world()
    config = unibct.Config(max_class_size=3)
    found = []
    for epoch in (10, 10, 20):
        term = term_of(config, here)
        term.renew(blocks(here), epoch)
        found.append(term.prototypes_Cd.clone())
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0][0], found[2][0])
    assert torch.equal(found[0][ABSENT], found[2][ABSENT]), "all three images are looked at"


@pytest.mark.parametrize("epoch", [9, 10, 11])
def test_term_when_epoch_is_before_the_start_then_zero_and_later_the_cross_entropy(epoch):
    here = world()
    new_bD, old_bd, labels_b, _ = here.batch(0)
    seen = seen_of(new_bD, old_bd, labels_b, head_of(), epoch=epoch)
    value = term_of(unibct.Config(compat_scale=4), here)(seen)["unibct"]
    plain = term_of(bct.Config(compat_scale=4), here)(seen)["bct"]
    assert value == (plain if epoch >= 10 else 0)
    assert plain != 0


def test_renewed_at_when_refresh_is_unordered_then_ordered_and_none_at_weight_zero():
    assert unibct.Config(refresh=(20, 5, 20)).renewed_at == (5, 20)
    assert unibct.Config(weight=0).renewed_at == ()
    with pytest.raises(ConfigError, match="refresh"):
        unibct.Config.parse({"refresh": (-1,)})


def test_checkpoint_when_written_then_with_the_prototypes():
    assert list(term_of(unibct.Config(), world()).state_dict()) == ["prototypes_Cd"]


def test_label_when_epochs_are_its_own_then_they_are_named_in_words() -> None:
    config = unibct.Config(start_epoch=3, refresh=(3, 7))
    assert unibct.label(config) == "UniBCT (from 3, renewed at 3 and 7)"
