"""From MNIST to a checkpoint."""

import os
from contextlib import suppress

# To be set before PyTorch is imported. On an overloaded machine, threads that wait for one another should sleep:
# spinning, they take the cores that the others need, and a step takes fifteen times as long. Elsewhere sleeping would
# cost a third of the speed.
with suppress(AttributeError, OSError):  # of systems without a load average
    if os.getloadavg()[0] > 1.25 * (os.cpu_count() or 1):
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
