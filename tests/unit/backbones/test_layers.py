import pytest
import torch

from frlib.backbones._layers import PReLU, fixed_scale_batchnorm


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 4, 5)])
def test_prelu_when_bfloat16_then_equals_the_direct_form_and_gradients(
    shape: tuple[int, ...],
) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator).to(torch.bfloat16)
    grad = torch.randn(shape, generator=generator).to(torch.bfloat16)
    found = {}
    for kind, layer in (("ours", PReLU(3)), ("torch", torch.nn.PReLU(3))):
        layer.weight.data = torch.tensor([0.25, -0.5, 0.125])
        inputs = x.clone().requires_grad_()
        result = layer(inputs) if kind == "ours" else layer(inputs.float())
        result.backward(grad.to(result.dtype))
        assert inputs.grad is not None
        assert layer.weight.grad is not None
        found[kind] = (result, inputs.grad, layer.weight.grad)
        assert kind == "torch" or result.dtype is torch.bfloat16
    for ours, theirs in zip(found["ours"], found["torch"], strict=True):
        torch.testing.assert_close(ours.float(), theirs.float(), rtol=2e-2, atol=1e-6)


def test_prelu_when_float32_then_is_the_layer_of_torch() -> None:
    x = torch.linspace(-2, 2, 24).view(2, 3, 4)
    ours, theirs = PReLU(3), torch.nn.PReLU(3)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert torch.equal(ours(x), theirs(x))


def test_fixed_scale_batchnorm_when_stepped_then_keeps_scale_one() -> None:
    layer = fixed_scale_batchnorm(4)
    optimiser = torch.optim.SGD(layer.parameters(), lr=1.0, weight_decay=0.1)
    layer(torch.randn(8, 4, generator=torch.Generator().manual_seed(0))).cos().sum().backward()
    optimiser.step()
    assert torch.equal(layer.weight, torch.ones(4))
    assert not torch.equal(layer.bias, torch.zeros(4))
