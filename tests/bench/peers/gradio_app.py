"""Gradio's sketchpad, as https://www.gradio.app/docs/gradio/sketchpad has it."""

import sys
from io import BytesIO

import gradio
from network import load, predict
from PIL import Image

network = load()


def read(drawing: dict[str, Image.Image]) -> dict[str, float]:
    png = BytesIO()
    drawing["composite"].convert("RGB").save(png, "PNG")
    probabilities = predict(network, png.getvalue())["probabilities"]
    return {str(digit): probability for digit, probability in enumerate(probabilities)}


if __name__ == "__main__":
    page = gradio.Interface(read, gradio.Sketchpad(type="pil"), gradio.Label(), api_name="predict")
    page.launch(server_port=int(sys.argv[1]), quiet=True)
