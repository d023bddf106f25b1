"""The limits on what one server accepts and does at once."""

from dataclasses import dataclass

from net.decoding import MAX_PIXELS


@dataclass(frozen=True)
class Limits:
    """The limits; the command line can change all but ``images``. The defaults suit a small machine."""

    body: int = 16 * 1024 * 1024  # bytes; a photograph of 12 megapixels has 3 to 8 million
    bodies: int = 512 * 1024 * 1024  # bytes in each process, of all unanswered bodies; past it, large ones are refused
    pixels: int = MAX_PIXELS  # of one picture
    images: int = 256  # in one request
    connections: int = 1000  # open at a time; further ones wait to be accepted
    queue: int = 256  # requests that wait for a thread; further ones are answered 503
    # Seconds that a request may wait before it is refused, since nobody waits for longer. A request of many pictures is
    # answered with those that were read by then.
    deadline: float = 10.0
    header_seconds: float = 15.0  # for the header of a request to arrive
    body_seconds: float = 120.0  # for its body: a photograph takes a minute from a slow telephone
    idle_seconds: float = 60.0  # that a connection is kept open for the next request
    drain_seconds: float = 30.0  # for requests in flight to finish once the server is told to stop
