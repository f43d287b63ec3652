"""The network: what a batch shares is computed once and changes nothing; every parameter learns."""

import pytest
import torch

from talkdemo.diffusion.denoiser import DenoiserInput, bind_denoiser
from talkdemo.diffusion.network import Network, NetworkConfig

CONFIG = NetworkConfig(
    channels=7, features=5, condition=6, width=16, layers=2, heads=2, window=12, previous=3, guided=True
)


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    network = Network(CONFIG)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.2)
    return network


def inputs(count: int) -> DenoiserInput:
    generator = torch.Generator().manual_seed(1)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(count, *shape, generator=generator)

    return DenoiserInput(draw(15, 5), draw(3, 7), draw(6), draw(2))


def test_what_samples_share_is_given_once_and_each_has_its_own_past(network):
    once, z = inputs(1), torch.randn(4, 12, 7)
    shared = DenoiserInput(once.features, torch.randn(4, 3, 7), once.condition, once.guidance)
    rows = [tensor.expand(4, *tensor.shape[1:]) for tensor in (once.features, once.condition, once.guidance)]
    apart = DenoiserInput(rows[0], shared.previous, rows[1], rows[2])
    with torch.no_grad():
        found, expected = (bind_denoiser(network, window)(z, 9) for window in (shared, apart))
        alone = bind_denoiser(network, apart[2:3])(z[2:3], 9)
        other = bind_denoiser(network, DenoiserInput(once.features, shared.previous.flip(0), *rows[1:]))(z, 9)
    assert torch.allclose(found, expected, atol=1e-5) and torch.allclose(found[2:3], alone, atol=1e-5)
    assert not torch.allclose(found, other, atol=1e-2)


def test_each_item_of_a_batch_may_have_its_own_step(network):
    window, z, t = inputs(3), torch.randn(3, 12, 7), torch.tensor([4, 90, 400])
    with torch.no_grad():
        found = bind_denoiser(network, window)(z, t)
        for i in range(3):
            assert torch.allclose(
                found[i : i + 1], bind_denoiser(network, window[i : i + 1])(z[i : i + 1], t[i : i + 1]), atol=1e-5
            )
    assert not torch.allclose(found[0], found[1], atol=1e-2)


@pytest.mark.parametrize("count", [1, 3])
def test_every_parameter_learns(network, count):
    """Among them the bias of attention, which a fused attention may not differentiate."""
    bind_denoiser(network, inputs(count))(torch.randn(3, 12, 7), 9).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in network.parameters())
