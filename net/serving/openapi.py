"""The HTTP contract for programs: an OpenAPI 3.1 document, https://spec.openapis.org/oas/v3.1.0."""

from typing import Any

from net import data_url
from net.fitting import HEIGHTENED, WIDENED
from net.ink import INVERTED, PARTS_LEFT_OUT, SHADOW_REMOVED
from net.recognizer import REDRAWN
from net.serving.contract import AUTHENTICATE, HEADERS_OF, JSON, RETRY_AFTER, STATUS
from net.serving.headers import REQUEST_ID
from net.serving.limits import Limits
from net.strokes import MAX_POINTS

VERSION = "1.0"
PICTURE = "one PNG, JPEG, GIF, BMP or WebP picture"
DATA_URL = {
    "type": "string",
    "pattern": data_url.START,
    "description": f"{PICTURE}, as a data URL",
}
POINT = {"type": "array", "items": {"type": "number"}, "minItems": 2, "description": "x and y; what follows is ignored"}
STROKES = {
    "type": "array",
    "items": {"type": "array", "items": POINT},
    "description": f"strokes, each a list of points, x and y in any unit, y down, up to {MAX_POINTS:,} points in all; "
    "a picture sent with them is ignored",
}
DIGIT = {"type": "integer", "minimum": 0, "maximum": 9}
GRID = {"type": "array", "items": {"type": "array", "items": {"type": "number"}}, "description": "rows of numbers"}
FRACTION = {"type": "number", "minimum": 0, "maximum": 1}
LABEL = {
    "type": ["integer", "string"],
    "minimum": 0,
    "maximum": 9,
    "pattern": "^[0-9]$",
    "description": "the right digit",
}
SEEN_PARAMETER = {
    "name": "seen",
    "in": "query",
    "description": "1 adds the 28 × 28 picture that the network was given, and how it was prepared",
    "schema": {"type": "string", "default": "0", "examples": ["1"]},
}
DIGIT_PARAMETER = {
    "name": "digit",
    "in": "query",
    "description": "the digit to explain; without it, the one that was read",
    "schema": {"type": "string", "pattern": "^[0-9]?$"},
}
LABEL_PARAMETER = {
    "name": "label",
    "in": "query",
    "description": "the right digit, if it is not sent with the picture",
    "schema": {"type": "string", "pattern": "^[0-9]$"},
}
IN_HEADERS = {
    "X-Request-ID": {
        "description": "the request's ID: its own, or a new one",
        "required": True,
        "schema": {"type": "string", "pattern": f"^{REQUEST_ID}$"},
    },
    AUTHENTICATE: {"description": "how to authenticate", "required": True, "schema": {"const": "Bearer"}},
    RETRY_AFTER: {
        "description": "how many seconds to wait before trying again",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
}
SERVER = "http://127.0.0.1:8080"  # in examples
PREDICT_EXAMPLES = {
    "Shell": f"""curl -F image=@seven.png {SERVER}/predict
curl -H 'Content-Type: image/png' --data-binary @seven.png {SERVER}/predict
curl -F image=@seven.png -F image=@four.jpg {SERVER}/predict
curl -H 'Content-Type: application/json' -d '{{"strokes": [[[20, 15], [80, 15], [45, 90]]]}}' {SERVER}/predict""",
    "JavaScript": f"""const canvas = document.querySelector("canvas");
const answer = await fetch("{SERVER}/predict", {{
  method: "POST",
  headers: {{ "Content-Type": "application/json" }},
  body: JSON.stringify({{ image: canvas.toDataURL() }}),
}});
const {{ digit, certain, error }} = await answer.json();
console.log(error?.message ?? (certain ? digit : `perhaps a ${{digit}}`));""",
    "Python": f"""import json, urllib.request

with open("seven.png", "rb") as picture:
    request = urllib.request.Request("{SERVER}/predict", picture.read(), {{"Content-Type": "image/png"}})
print(json.load(urllib.request.urlopen(request))["digit"])""",
}
OPEN_ROUTES = ("/healthz", "/readyz", "/openapi.json")  # even without the token, besides the page


WHEN = {
    "no_image": "there is no picture in the request",
    "too_many_images": "there are too many pictures in the request",
    "bad_json": "the JSON is malformed, has too many values, or has 'images' beside 'image' or 'strokes'",
    "bad_data_url": "the picture is not a base64 data URL",
    "bad_strokes": "the strokes are not lists of points, hold too many, or a coordinate that is too large",
    "bad_digit": "the digit to explain is not exactly one of 0 to 9",
    "bad_label": "the right digit is missing, or not exactly one of 0 to 9",
    "bad_request": "the request is not valid HTTP",
    "unauthorized": "the request does not carry the server's token",
    "forbidden": "the request comes from another site's page, or is allowed only from the server's own machine",
    "timeout": "the request took too long to arrive",
    "too_large": "the body or the picture is too large",
    "unsupported_type": "the content type is not one of those above, or the body is compressed",
    "unreadable_image": "the bytes are not a whole picture in one of the formats",
    "blank_image": "nothing stands out from the paper",
    "too_many_requests": "the address asks too often; Retry-After says when to ask again",
    "headers_too_large": "the request's header is too large",
    "internal": "a fault in the server",
    "overloaded": "the server is too busy; Retry-After says when to ask again",
    "storage_full": "no more corrections can be kept, or the server's disk is full",
}


def document(limits: Limits, *, with_corrections: bool, with_token: bool, with_rate: bool) -> dict[str, Any]:
    """The contract of a server with these ``limits``, with the optional parts that this server has."""
    paths = paths_of(limits, with_corrections, with_token)
    for path, operations in paths.items():
        for method, described in list(operations.items()):
            if with_token and path in OPEN_ROUTES:
                described["security"] = []
            elif with_token:
                add_errors(described, "unauthorized")
            if with_rate and method == "post":
                add_errors(described, "too_many_requests")
            if method == "get":
                operations["head"] = header_of(described)
    contract: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Handwritten digits",
            "version": VERSION,
            "summary": "Send a picture of a digit, and get back which digit it is and how sure the program is.",
            "description": "Every error is JSON, with a code for programs and a sentence for people. The pages for "
            "people are at / and /api. Any other address answers 404 `not_found`; a wrong method, 405 "
            "`method_not_allowed` with the header Allow. A request may carry an ID of its own, X-Request-ID, which "
            "its answer and its line in the server's log then carry too.",
        },
        "paths": paths,
        "components": {"schemas": SCHEMAS, "headers": IN_HEADERS},
    }
    if with_token:
        contract["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        contract["security"] = [{"token": []}]
    return contract


def paths_of(limits: Limits, with_corrections: bool, with_token: bool) -> dict[str, Any]:
    """The operations by their path and method; see `document`."""
    paths: dict[str, Any] = {
        "/predict": {
            "post": operation(
                "predict",
                "Read a digit, or several in one request.",
                body=picture_body(limits, several=True),
                answer={"anyOf": [reference("Prediction"), reference("Predictions")]},
                told="a Prediction for one picture, or for strokes; Predictions for several parts or fields 'image', "
                f"up to {limits.images}, and for a list 'images', even of one",
                parameters=[SEEN_PARAMETER],
                errors=PICTURE_ERRORS,
                examples=PREDICT_EXAMPLES,
            )
        },
        "/explain": {
            "post": operation(
                "explain",
                "Read a digit, and show what each layer made of it and which pixels spoke for it.",
                body=picture_body(limits),
                answer=reference("Explanation"),
                parameters=[DIGIT_PARAMETER],
                errors=(*PICTURE_ERRORS, "bad_digit"),
                examples={"Shell": f"curl -F image=@seven.png '{SERVER}/explain?digit=9'"},
            )
        },
    }
    if with_corrections:
        paths["/corrections"] = {
            "post": operation(
                "correct",
                "Keep a picture with its right digit.",
                body=picture_body(limits, {"label": LABEL}),
                answer=reference("Correction"),
                parameters=[LABEL_PARAMETER],
                errors=(*PICTURE_ERRORS, "bad_label", "forbidden"),
                examples={"Shell": f"curl -F image=@seven.png -F label=7 {SERVER}/corrections"},
            )
        }
        paths["/corrections.zip"] = {
            "get": operation(
                "export",
                "All corrections, as <digit>/<name>; only for the server's own machine unless it allows others.",
                {"type": "string", "format": "binary"},
                ("forbidden",),
                kind="application/zip",
            )
        }
    return paths | {
        "/healthz": {
            "get": operation("health", "Whether the server is running, and with which weights.", reference("Health"))
        },
        "/readyz": {"get": operation("readiness", "Whether it can take requests now.", reference("Readiness"))},
        "/metrics": {
            "get": operation(
                "metrics",
                "Measurements in Prometheus' text format; only for the server's own machine, unless it needs a token.",
                {"type": "string"},
                () if with_token else ("forbidden",),
                kind="text/plain",
            )
        },
        "/openapi.json": {
            "get": operation("contract", "This description.", {"type": "object", "required": ["openapi", "paths"]})
        },
    }


PICTURE_ERRORS = (
    "no_image",
    "too_many_images",
    "bad_json",
    "bad_data_url",
    "bad_strokes",
    "unsupported_type",
    "unreadable_image",
    "blank_image",
)
EVERYWHERE = (
    "bad_request",
    "timeout",
    "too_large",
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
    kind: str = JSON,
    told: str = "the answer",
    body: dict[str, Any] | None = None,
    parameters: list[dict[str, Any]] | None = None,
    examples: dict[str, str] | None = None,
) -> dict[str, Any]:
    """One operation; ``errors`` are its own, besides those of every operation.

    ``told`` describes its response; ``examples`` are sample requests by language.
    """
    described: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "responses": {"200": response(told, kind, answer)},
    }
    add_errors(described, *errors, *EVERYWHERE)
    if parameters:
        described["parameters"] = parameters
    if body:
        described["requestBody"] = body
    if examples:
        described["x-codeSamples"] = [{"lang": language, "source": source} for language, source in examples.items()]
    return described


def header_of(described: dict[str, Any]) -> dict[str, Any]:
    """The HEAD operation of the GET operation ``described``: the same responses without their bodies."""
    responses = {
        status: {name: value for name, value in answer.items() if name != "content"}
        for status, answer in described["responses"].items()
    }
    name, summary = f"{described['operationId']}Header", "The headers of the same answer, without its body."
    return described | {"operationId": name, "summary": summary, "responses": responses}


def response(description: str, kind: str, schema: dict[str, Any], *headers: str) -> dict[str, Any]:
    """One response of the content type ``kind``, with the named ``headers`` of `IN_HEADERS` and X-Request-ID."""
    return {
        "description": description,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-ID", *headers)},
        "content": {kind: {"schema": schema}},
    }


def add_errors(described: dict[str, Any], *codes: str) -> None:
    """Add the errors ``codes`` to the responses of the operation ``described``."""
    responses = described["responses"]
    for code in codes:
        status = str(STATUS[code])
        if status in responses:
            responses[status]["x-codes"][code] = WHEN[code]
        else:
            described_error = response(code, JSON, reference("Error"), *HEADERS_OF.get(code, ()))
            responses[status] = described_error | {"x-codes": {code: WHEN[code]}}
        told = responses[status]["x-codes"].items()
        responses[status]["description"] = "; ".join(f"{each}: {when}" for each, when in told)
    described["responses"] = dict(sorted(responses.items()))


def picture_body(limits: Limits, beside: dict[str, Any] | None = None, *, several: bool = False) -> dict[str, Any]:
    """The request body: the ways to send a picture, or ``several``, with the fields ``beside`` it."""
    beside = beside or {}
    binary = {"type": "string", "format": "binary", "description": PICTURE}
    ways: list[dict[str, Any]] = [
        {"type": "object", "required": ["image"], "properties": {"image": DATA_URL, **beside}},
        {"type": "object", "required": ["strokes"], "properties": {"strokes": STROKES, **beside}},
    ]
    files: dict[str, Any] = binary
    urls: dict[str, Any] = DATA_URL
    if several:
        most = limits.images
        ways.append(
            {
                "type": "object",
                "required": ["images"],
                "properties": {
                    "images": {
                        "type": "array",
                        "items": {},
                        "minItems": 1,
                        "maxItems": most,
                        "description": "data URLs, a picture each; one that cannot be read has its error in its place",
                    }
                },
            }
        )
        files, urls = (
            {
                "type": "array",
                "items": one,
                "minItems": 1,
                "maxItems": most,
                "description": f"{one['description']}; repeat the field to send several",
            }
            for one in (binary, DATA_URL)
        )
    return {
        "required": True,
        "description": f"at most {limits.body / 2**20:g} MiB a request, {limits.pixels / 1e6:g} million pixels each",
        "content": {
            JSON: {"schema": {"anyOf": ways}},
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["image"], "properties": {"image": files, **beside}}
            },
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "required": ["image"], "properties": {"image": urls, **beside}}
            },
            "image/*": {"schema": binary},
        },
    }


def reference(name: str) -> dict[str, str]:
    """A reference to the schema ``name`` of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def answer(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    """The schema of a JSON object with these properties and no others; all but the ``optional`` ones are required."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


PREDICTION = {
    "digit": {**DIGIT, "description": "the most probable digit"},
    "confidence": {**FRACTION, "description": "its probability"},
    "certain": {"type": "boolean", "description": "false if the digit is only a guess"},
    "probabilities": {
        "type": "array",
        "items": FRACTION,
        "minItems": 10,
        "maxItems": 10,
        "description": "of the digits 0 to 9, calibrated; they sum to 1",
    },
    "milliseconds": {
        "type": "number",
        "minimum": 0,
        "description": "from the bytes of the picture to this answer; pictures that were read together have equal "
        "shares of the network's time",
    },
    "seen": {
        "type": "string",
        "description": "the 28 × 28 picture that the network saw, a PNG in a data URL; from /predict only with ?seen=1",
    },
    "preparation": {
        "type": "array",
        "items": {"type": "string", "enum": [INVERTED, SHADOW_REMOVED, PARTS_LEFT_OUT, REDRAWN, WIDENED, HEIGHTENED]},
        "description": f"how the picture was prepared: {INVERTED}, its ink is lighter than its paper, so dark and "
        f"light were swapped; {SHADOW_REMOVED}, it is a photograph, and light and shadow on its paper were removed; "
        f"{PARTS_LEFT_OUT}, ink that does not seem to be part of the digit was left out; {REDRAWN}, strokes were drawn "
        f"with a pen as thick as MNIST's; {WIDENED} or {HEIGHTENED}, it is narrower or flatter than most digits, and "
        "was stretched; from /predict only with ?seen=1",
    },
}
SCHEMAS: dict[str, Any] = {
    "Prediction": answer(PREDICTION, "seen", "preparation"),
    "Predictions": answer(
        {
            "predictions": {
                "type": "array",
                "items": {"anyOf": [reference("Prediction"), reference("Error")]},
                "description": "one for each picture, in order",
            }
        }
    ),
    "Explanation": answer(
        {
            **PREDICTION,
            "layers": {
                "type": "array",
                "description": "what each layer made of the picture, from the first to the last",
                "items": answer(
                    {
                        "name": {"type": "string", "description": "C1, S2, C3, S4, C5, F6 or output"},
                        "shape": {
                            "type": "array",
                            "items": {"type": "integer"},
                            "minItems": 3,
                            "maxItems": 3,
                            "description": "how many maps, and the height and width of each",
                        },
                        "maps": {
                            "type": "string",
                            "description": "one byte a value, row by row, map by map, in base64; 255 is the strongest",
                        },
                        "filters": {
                            "type": "array",
                            "items": GRID,
                            "description": "the weights that made each map, where they can be shown: only for C1",
                        },
                    },
                    "filters",
                ),
            },
            "evidence": answer(
                {
                    "digit": {**DIGIT, "description": "the digit that is explained"},
                    "rather_than": {
                        **DIGIT,
                        "type": ["integer", "null"],
                        "description": "the digit that was read, if another is explained; null means the other nine",
                    },
                    "pixels": {
                        **GRID,
                        "description": "how much each of the 28 × 28 pixels seen speaks for it or, if below 0, "
                        "against it; their sum is how much the ink changes the difference between the logits",
                    },
                }
            )
            | {"description": "which pixels spoke for which digit"},
        }
    ),
    "Correction": answer(
        {
            "label": {**DIGIT, "description": "the right digit, as it was sent"},
            "predicted": {**DIGIT, "description": "what the picture had been read as"},
            "new": {"type": "boolean", "description": "false if it was kept already"},
        }
    ),
    "Health": answer(
        {
            "status": {"const": "ok", "description": "ok"},
            "sha256": {"type": "string", "description": "of the weights"},
            "trained": {"type": ["string", "null"], "description": "when they were trained"},
        }
    ),
    "Readiness": answer({"status": {"const": "ready", "description": "ready"}}),
    "Error": answer(
        {
            "error": answer(
                {
                    "code": {"type": "string", "enum": sorted(STATUS), "description": "for programs"},
                    "message": {
                        "type": "string",
                        "description": "a sentence for people: what was wrong and what to do",
                    },
                }
            )
            | {"description": "what went wrong"}
        }
    ),
}
