"""From MNIST to a checkpoint."""

import os

# Before PyTorch is imported: threads that wait for one another are to sleep. Where something else needs a core as well,
# they would spin in the other's stead, and a step would take ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
