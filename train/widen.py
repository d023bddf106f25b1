"""Widens a thin network, which is trained in seconds, to the full width that every reader of weights can load."""

from torch import Tensor

from net.lenet import LeNet


def to_full_width(state_dict: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a full-width `LeNet` that answers as the thinner one with ``state_dict`` does.

    It has the thin one's maps; the others are blank, as all weights that lead to them or from them are 0.
    """
    whole = LeNet().state_dict()
    for name, thin in state_dict.items():
        part = tuple(slice(size) for size in thin.shape)
        whole[name].zero_()[part] = thin
    return whole
