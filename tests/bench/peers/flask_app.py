"""Flask and its development server, as https://flask.palletsprojects.com/quickstart/ has it."""

import sys

from flask import Flask, request
from network import load, predict

network = load()
app = Flask(__name__)


@app.post("/predict")
def read() -> dict[str, object]:
    return predict(network, request.files["image"].read())


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]))
