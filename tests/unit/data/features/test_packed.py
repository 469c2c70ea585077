import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data.features import packed, single
from frlib.metrics.megaface import Distractors, Probes, megaface
from tests.unit.metrics import plain_megaface as plain


@pytest.fixture
def stored(tmp_path):
    rows = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
    files = [tmp_path / f"{i}.bin" for i in range(20)]
    for file, row in zip(files, rows, strict=True):
        single.write_bin(file, row)
    return rows, files


def test_pack_when_files_then_numpy_reads_the_same(tmp_path, stored):
    rows, files = stored
    found = packed.pack(files, tmp_path / "all.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "all.npy"), rows)
    assert (found.shape, len(found), found.dtype) == ((20, 6), 20, np.float32)
    found.close()


@pytest.mark.parametrize("at", [slice(0, 3), slice(5, 20), slice(18, 40), slice(4, 4), slice(None)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_packed_when_sliced_then_as_numpy(tmp_path, stored, at, dtype):
    rows = stored[0].astype(dtype)
    np.save(tmp_path / "a.npy", rows)
    found = packed.Packed(tmp_path / "a.npy")
    np.testing.assert_array_equal(found[at], rows[at])
    found.close()


def test_packed_when_searched_then_as_the_array(tmp_path):
    probe, person, other, noisy, noise = plain.crowd(0)
    np.save(tmp_path / "a.npy", other)
    file = packed.Packed(tmp_path / "a.npy")
    probes = Probes(features=probe, persons=person, noisy=noisy)
    found, wanted = (
        megaface(probes, Distractors(features=features, noisy=noise)) for features in (file, other)
    )
    file.close()
    assert [one.cmc_K.tolist() for one in found] == [one.cmc_K.tolist() for one in wanted]


def test_pack_when_a_file_is_of_another_model_then_error_and_nothing_left(tmp_path, stored):
    files = stored[1]
    single.write_bin(files[3], np.ones(7))
    with pytest.raises(DataError, match=r"3\.bin: 7 dimensions; .*0\.bin has 6"):
        packed.pack(files, tmp_path / "all.npy")
    assert not (tmp_path / "all.npy").exists()
    with pytest.raises(DataError, match="no feature files"):
        packed.pack([], tmp_path / "all.npy")


@pytest.mark.parametrize(
    "array",
    [
        np.ones(3),
        np.ones((2, 0)),
        np.ones((2, 2), dtype=np.int32),
        np.asfortranarray(np.random.default_rng(0).random((3, 2))),
        np.ones((2, 2), dtype=np.complex64),
    ],
)
def test_packed_when_of_another_form_then_data_error(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(DataError, match="expected a float16"):
        packed.Packed(tmp_path / "a.npy")


def test_packed_when_cut_off_then_data_error(tmp_path, stored):
    path = tmp_path / "a.npy"
    np.save(path, stored[0])
    whole = path.read_bytes()
    for data in (whole[:-1], whole + b"0"):
        path.write_bytes(data)
        with pytest.raises(DataError, match="Was it cut off"):
            packed.Packed(path)
    for data in (b"", whole[:20], b"no numpy at all"):
        path.write_bytes(data)
        with pytest.raises(DataError, match="cannot be read as a"):
            packed.Packed(path)
    with pytest.raises(DataError, match="cannot be read as a"):
        packed.Packed(tmp_path / "none.npy")


def test_packed_when_stepped_then_data_error(tmp_path, stored):
    np.save(tmp_path / "a.npy", stored[0])
    found = packed.Packed(tmp_path / "a.npy")
    with pytest.raises(DataError, match="read in order"):
        found[::2]
    found.close()
