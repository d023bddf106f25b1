"""From MNIST to a checkpoint."""
