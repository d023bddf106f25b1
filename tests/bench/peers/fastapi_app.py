"""FastAPI under uvicorn, as https://fastapi.tiangolo.com/tutorial/request-files/ has it."""

import sys
from typing import Annotated

import uvicorn
from fastapi import FastAPI, File
from network import load, predict

network = load()
app = FastAPI()


@app.post("/predict")
def read(image: Annotated[bytes, File()]) -> dict[str, object]:
    return predict(network, image)


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
