from frlib.track.flat import metric_name, params, plain_name


def test_plain_name_when_mlflow_would_refuse_then_letters_are_replaced() -> None:
    assert plain_name("tar@far=1e-4") == "tar_far_1e-4"
    assert plain_name("official/insightface10/accuracy") == "official/insightface10/accuracy"


def test_plain_name_when_long_then_it_is_cut_and_stays_different() -> None:
    one, other = plain_name("x" * 300 + "1"), plain_name("x" * 300 + "2")
    assert len(one) == len(other) == 250
    assert one != other


def test_metric_name_when_of_the_machine_then_it_is_a_system_metric() -> None:
    assert metric_name("memory/host_peak_mib") == "system/memory/host_peak_mib"
    assert metric_name("time/cpu") == "system/time/cpu"
    assert metric_name("time/forward") == "time/forward"


def test_params_when_nested_then_names_are_dotted_and_values_plain() -> None:
    found = params({"head": {"margin": 0.5, "easy": False}, "steps": [1, 2], "none": None, "e": {}})
    assert found.values == {
        "head.margin": "0.5",
        "head.easy": "False",
        "steps": "[1,2]",
        "none": "None",
        "e": "{}",
    }
    assert not found.long


def test_params_when_names_become_equal_then_both_are_kept() -> None:
    found = params({"tar@far": 1, "tar_far": 2})
    assert sorted(found.values.values()) == ["1", "2"]


def test_params_when_a_value_is_long_then_its_digest_stands_there() -> None:
    found = params({"a": "y" * 6000, "b": "y" * 6001})
    assert found.values["a"] == "y" * 6000
    assert "6001 characters" in found.values["b"]
    assert found.long == {"b": "y" * 6001}


def test_plain_name_when_long_then_mlflow_takes_it() -> None:
    from mlflow.utils.validation import _validate_metric_name, _validate_param_name

    _validate_param_name(plain_name("x" * 300))
    _validate_metric_name(plain_name("x" * 300))
