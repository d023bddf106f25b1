"""LitServe with batches, as https://lightning.ai/docs/litserve/features/batching has it."""

import sys

import litserve
import torch
from network import load, picture_of


class DigitAPI(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.network = load().to(device)

    def decode_request(self, request) -> torch.Tensor:
        return picture_of(request["image"].file.read())

    def batch(self, inputs: list[torch.Tensor]) -> torch.Tensor:
        return torch.cat(inputs)

    @torch.no_grad()
    def predict(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.network(pictures).softmax(1)

    def unbatch(self, output: torch.Tensor) -> list[torch.Tensor]:
        return list(output)

    def encode_response(self, output: torch.Tensor) -> dict[str, object]:
        return {"digit": int(output.argmax()), "probabilities": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(DigitAPI(max_batch_size=16, batch_timeout=0.005), accelerator="cpu")
    server.run(port=int(sys.argv[1]), generate_client_file=False)
