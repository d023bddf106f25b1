"""How long a prediction takes over HTTP, compared with a request that does nothing, on the same server.

    python tests/bench/serving.py

Starts server.py on a free port, sends a drawing of 280 x 280 pixels and GET /healthz in turn over one kept-alive
connection, and prints the time from the start to the first answer, the medians, the 99th percentiles and the ratio of
the medians.
"""

import argparse
import http.client
import statistics
import time

from load import DRAWING, serving

WARM_UP, REQUESTS = 100, 3000


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    started = time.perf_counter()
    with serving() as address:
        connection = http.client.HTTPConnection(*address)
        ask(connection, "POST", "/predict", DRAWING)
        print(f"from start to first answer  {time.perf_counter() - started:6.2f} s")
        predictions, empties = [], []
        for _ in range(WARM_UP + REQUESTS):
            predictions.append(ask(connection, "POST", "/predict", DRAWING))
            empties.append(ask(connection, "GET", "/healthz"))
        for name, times in (("POST /predict", predictions), ("GET /healthz", empties)):
            print(f"{name:<27} {describe(times[WARM_UP:])}")
        ratio = statistics.median(predictions[WARM_UP:]) / statistics.median(empties[WARM_UP:])
        print(f"ratio of the medians        {ratio:6.2f}")


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: bytes = b"") -> float:
    """The milliseconds from sending a request to having read its answer."""
    started = time.perf_counter()
    connection.request(method, path, body, {"Content-Type": "image/png"})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
    return (time.perf_counter() - started) * 1000


def describe(milliseconds: list[float]) -> str:
    """Median and 99th percentile, as text."""
    percentile = statistics.quantiles(milliseconds, n=100)[98]
    return f"{statistics.median(milliseconds):6.2f} ms median, {percentile:6.2f} ms 99th percentile of {REQUESTS}"


if __name__ == "__main__":
    main()
