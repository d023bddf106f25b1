"""How much one server does for how many."""

from dataclasses import dataclass

from net.decoding import MAX_PIXELS


@dataclass(frozen=True)
class Limits:
    """What the command line can change, ``images`` apart; the defaults suit a small machine."""

    body: int = 16 * 1024 * 1024  # bytes; a photograph of 12 megapixels has 3 to 8 million
    bodies: int = 512 * 1024 * 1024  # bytes, in each process, of all larger than half a MiB that are not answered yet
    pixels: int = MAX_PIXELS  # of one picture
    images: int = 256  # in one request
    connections: int = 1000  # open at a time; who comes then waits to be let in
    queue: int = 256  # requests that wait for a thread; who comes then is sent away with 503
    # Seconds that a request may wait before it is dropped, since nobody waits for longer. A request of many pictures is
    # answered with those that were read by then.
    deadline: float = 10.0
    header_seconds: float = 15.0  # for the header of a request to arrive
    body_seconds: float = 120.0  # for its body: a photograph takes a minute from a slow telephone
    idle_seconds: float = 60.0  # that a connection is kept open for the next request
    drain_seconds: float = 30.0  # that requests in flight have to finish once the server is told to stop
