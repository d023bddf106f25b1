"""From MNIST to a checkpoint."""

import os
from contextlib import suppress

# Before PyTorch is imported. Where more wants to run than there are cores, threads that wait for one another are to
# sleep: spinning, they take the core that the others need, and a step takes fifteen times as long. Elsewhere it is the
# sleep that costs a third of the speed.
with suppress(AttributeError, OSError):  # of systems that do not tell
    if os.getloadavg()[0] > 1.25 * (os.cpu_count() or 1):
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
