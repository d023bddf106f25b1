"""The HTTP contract for programs: an OpenAPI 3.1 document, https://spec.openapis.org/oas/v3.1.0."""

from typing import Any

from net.serving.contract import STATUS
from net.serving.limits import Limits

VERSION = "1.0"
PICTURES = "one PNG, JPEG, GIF, BMP or WebP picture"
DATA_URL = {"type": "string", "pattern": "^data:image/[^,]*;base64,", "description": f"{PICTURES}, as a data URL"}
POINT = {"type": "array", "items": {"type": "number"}, "minItems": 2, "description": "x, y and what else is known"}
STROKES = {
    "type": "array",
    "items": {"type": "array", "items": POINT},
    "description": "strokes, each a list of points, x and y in any unit, y down",
}
DIGIT = {"type": "integer", "minimum": 0, "maximum": 9}
FRACTION = {"type": "number", "minimum": 0, "maximum": 1}
SEEN_PARAMETER = {
    "name": "seen",
    "in": "query",
    "description": "1 for the 28 × 28 picture that the network was given, and for what was done to get there",
    "schema": {"type": "string", "enum": ["0", "1"]},
}


def document(limits: Limits, with_corrections: bool, with_token: bool) -> dict[str, Any]:
    """The contract of a server with these ``limits``; of corrections and of a token only where there are any."""
    paths: dict[str, Any] = {
        "/predict": {
            "post": operation(
                "predict",
                "Read a digit, or several in one request.",
                body=picture_body(limits, several=True),
                answer={"anyOf": [reference("Prediction"), reference("Predictions")]},
                parameters=[SEEN_PARAMETER],
                errors=(*PICTURE_ERRORS, "too_many_images"),
            )
        },
        "/explain": {
            "post": operation(
                "explain",
                "Read a digit, and tell what each layer made of it and which pixels spoke for it.",
                body=picture_body(limits),
                answer=reference("Explanation"),
                parameters=[
                    {"name": "digit", "in": "query", "description": "the digit to explain", "schema": {**DIGIT}},
                ],
                errors=(*PICTURE_ERRORS, "bad_digit"),
            )
        },
        "/healthz": {"get": operation("healthz", "Whether the server runs, and its weights.", reference("Health"))},
        "/readyz": {
            "get": operation("readyz", "Whether it can take requests now.", reference("Health"), ("overloaded",))
        },
        "/metrics": {
            "get": operation(
                "metrics", "Measurements in Prometheus' text format.", {"type": "string"}, kind="text/plain"
            )
        },
    }
    if with_corrections:
        paths["/corrections"] = {
            "post": operation(
                "correct",
                "Keep a picture with its right digit.",
                body=picture_body(limits, {"label": DIGIT}),
                answer=reference("Correction"),
                parameters=[{"name": "label", "in": "query", "description": "the right digit", "schema": {**DIGIT}}],
                errors=(*PICTURE_ERRORS, "bad_label", "forbidden"),
            )
        }
        paths["/corrections.zip"] = {
            "get": operation(
                "export",
                "All corrections, as <digit>/<name>; to the server's own machine unless it allows others.",
                {"type": "string", "format": "binary"},
                ("forbidden",),
                kind="application/zip",
            )
        }
    contract: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Handwritten digits",
            "version": VERSION,
            "summary": "Send a picture of a digit, and be told which it is and how sure the program is.",
        },
        "paths": paths,
        "components": {"schemas": SCHEMAS},
    }
    if with_token:
        contract["components"] = {
            **contract["components"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        }
        contract["security"] = [{"token": []}]
    return contract


PICTURE_ERRORS = (
    "no_image",
    "bad_json",
    "bad_data_url",
    "bad_strokes",
    "too_large",
    "unsupported_type",
    "unreadable_image",
    "blank_image",
)
EVERYWHERE = (
    "bad_request",
    "unauthorized",
    "timeout",
    "too_many_requests",
    "headers_too_large",
    "internal",
    "overloaded",
    "storage_full",
)


def operation(
    name: str,
    summary: str,
    answer: dict[str, Any],
    errors: tuple[str, ...] = (),
    *,
    kind: str = "application/json",
    body: dict[str, Any] | None = None,
    parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """One operation; ``errors`` are those that it has beside those of every operation."""
    by_status: dict[int, list[str]] = {}
    for code in (*errors, *EVERYWHERE):
        by_status.setdefault(STATUS[code], []).append(code)
    described: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "responses": {"200": {"description": "the answer", "content": {kind: {"schema": answer}}}},
    }
    for status, codes in sorted(by_status.items()):
        described["responses"][str(status)] = {
            "description": ", ".join(codes),
            "content": {"application/json": {"schema": reference("Error")}},
        }
    if parameters:
        described["parameters"] = parameters
    if body:
        described["requestBody"] = body
    return described


def picture_body(limits: Limits, beside: dict[str, Any] | None = None, *, several: bool = False) -> dict[str, Any]:
    """The ways to send a picture, with the fields ``beside`` it, and to send ``several`` where that can be."""
    beside = beside or {}
    binary = {"type": "string", "format": "binary"}
    ways: list[dict[str, Any]] = [
        {"type": "object", "required": ["image"], "properties": {"image": DATA_URL, **beside}},
        {"type": "object", "required": ["strokes"], "properties": {"strokes": STROKES, **beside}},
    ]
    files: dict[str, Any] = binary
    if several:
        most = limits.images
        ways.append(
            {
                "type": "object",
                "required": ["images"],
                "properties": {"images": {"type": "array", "items": DATA_URL, "minItems": 1, "maxItems": most}},
            }
        )
        files = {"type": "array", "items": binary, "minItems": 1, "maxItems": most}
    return {
        "required": True,
        "content": {
            "application/json": {"schema": {"anyOf": ways}},
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["image"], "properties": {"image": files, **beside}}
            },
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "required": ["image"], "properties": {"image": DATA_URL, **beside}}
            },
            "image/*": {"schema": binary},
        },
    }


def reference(name: str) -> dict[str, str]:
    """A schema of `SCHEMAS`, by its ``name``."""
    return {"$ref": f"#/components/schemas/{name}"}


PREDICTION = {
    "digit": {**DIGIT, "description": "the most probable"},
    "confidence": {**FRACTION, "description": "its probability"},
    "certain": {"type": "boolean", "description": "false where the digit is no more than a guess"},
    "probabilities": {
        "type": "array",
        "items": FRACTION,
        "minItems": 10,
        "maxItems": 10,
        "description": "of the digits 0 to 9, calibrated; they sum to 1",
    },
    "milliseconds": {"type": "number", "minimum": 0},
    "seen": {"type": "string", "description": "what the network was given, as a PNG in a data URL; with ?seen=1"},
    "preparation": {
        "type": "array",
        "items": {"type": "string", "enum": ["inverted", "shadow_removed", "parts_left_out", "redrawn"]},
        "description": "what was done to the picture; with ?seen=1",
    },
}
REQUIRED = ["digit", "confidence", "certain", "probabilities", "milliseconds"]
SCHEMAS: dict[str, Any] = {
    "Prediction": {"type": "object", "required": REQUIRED, "properties": PREDICTION},
    "Predictions": {
        "type": "object",
        "required": ["predictions"],
        "properties": {
            "predictions": {
                "type": "array",
                "items": {"anyOf": [reference("Prediction"), reference("Error")]},
                "description": "one for each picture, in order",
            }
        },
    },
    "Explanation": {
        "type": "object",
        "required": [*REQUIRED, "seen", "preparation", "layers", "evidence"],
        "properties": {
            **PREDICTION,
            "layers": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name", "shape", "maps"],
                    "properties": {
                        "name": {"type": "string"},
                        "shape": {"type": "array", "items": {"type": "integer"}, "minItems": 3, "maxItems": 3},
                        "maps": {"type": "string", "description": "a byte a value, in base64, row by row, map by map"},
                        "filters": {"type": "array", "items": {"type": "array"}},
                    },
                },
            },
            "evidence": {
                "type": "object",
                "required": ["digit", "rather_than", "pixels"],
                "properties": {
                    "digit": DIGIT,
                    "rather_than": {"type": ["integer", "null"]},
                    "pixels": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
                },
            },
        },
    },
    "Correction": {
        "type": "object",
        "required": ["label", "predicted", "new"],
        "properties": {"label": DIGIT, "predicted": DIGIT, "new": {"type": "boolean"}},
    },
    "Health": {
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": {"type": "string"},
            "sha256": {"type": ["string", "null"]},
            "trained": {"type": ["string", "null"]},
        },
    },
    "Error": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": {"type": "string", "enum": sorted(STATUS)},
                    "message": {"type": "string"},
                },
            }
        },
    },
}
