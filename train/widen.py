"""From a thin network, which is trained in seconds, to one of full width that every reader of weights can load."""

from torch import Tensor

from net.lenet import LeNet


def to_full_width(state_dict: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights of a whole `LeNet` that answers what the thinner one with ``state_dict`` answers.

    It has the thin one's maps, and no others: what they would be made by, and what would be made of them, is 0.
    """
    whole = LeNet().state_dict()
    for name, thin in state_dict.items():
        part = tuple(slice(size) for size in thin.shape)
        whole[name].zero_()[part] = thin
    return whole
