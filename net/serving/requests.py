"""What the current request of Bottle's holds: pictures, in any of four ways, strokes, a label."""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import bottle
from bottle import request

from net import data_url, strokes
from net.errors import NoDigitError
from net.recognizer import Given
from net.serving import bodies
from net.serving.connections import MAX_DROPPED
from net.serving.contract import JSON, too_large
from net.serving.refusals import Refusal, refusal_of, refuse
from net.serving.wsgi import FIELDS, LIMITS, header
from net.strokes import MAX_POINTS

EMPTY = "The picture is an empty file; send a whole PNG, JPEG, GIF, BMP or WebP file."
HOW_TO_SEND = (
    "send it as the multipart field 'image', as a raw body with an image content type, or as a data URL "
    "in the field 'image' of a form or, with the content type application/json, of a JSON object"
)
MULTIPART, FORM = "multipart/form-data", "application/x-www-form-urlencoded"
DIGIT = re.compile("[0-9]")


@dataclass(frozen=True)
class Several:
    """Pictures of one request, as they came; a refusal where one could not even be taken apart."""

    pictures: list[bytes | Refusal]


def read_picture() -> Given:
    """The one picture in the current request, whichever of the four ways it came, or its strokes."""
    given = read_pictures()
    if isinstance(given, Several):
        refuse("too_many_images", "This takes one picture at a time; send several to /predict.")
    return given


def read_pictures() -> Given | Several:
    """What is to be read in the current request; `Several` where it came as such, be it only one."""
    content_type = media_type()
    if content_type.startswith("image/"):
        return read_body() or refuse("no_image", EMPTY)
    if content_type == MULTIPART:
        return one_or_several(fields().getall("image"), read_part)
    if content_type == JSON:
        given = fields()
        if given.get("strokes") is not None:
            return read_strokes(given["strokes"])
        if given.get("images") is not None:
            return several(given["images"], read_data_url)
        return read_data_url(given.get("image"))
    if content_type == FORM:
        return one_or_several(fields().getall("image"), read_escaped)
    if not read_body():
        refuse("no_image", f"There is no picture in the request; {HOW_TO_SEND}.")
    raise Refusal("unsupported_type", f"A picture cannot come with this content type; {HOW_TO_SEND}.")


def one_or_several(given: list[Any], read: Callable[[Any], bytes]) -> bytes | Several:
    """What ``read`` makes of the fields ``given`` of a form, which are all of one name."""
    return several(given, read) if len(given) > 1 else read(given[0] if given else None)


def several(given: Any, read: Callable[[Any], bytes]) -> Several:
    """What ``read`` makes of each of ``given``."""
    most = request.environ[LIMITS].images
    if not isinstance(given, list) or not given:
        refuse("no_image", "There is no list of pictures in the field 'images'; send one data URL or more.")
    if len(given) > most:
        refuse("too_many_images", f"There are more than {most} pictures in the request; send them in several requests.")
    pictures: list[bytes | Refusal] = []
    for one in given:
        try:
            pictures.append(read(one))
        except Refusal as refusal:
            pictures.append(refusal)
    return Several(pictures)


def read_strokes(given: Any) -> strokes.Strokes:
    """The strokes that the JSON value ``given`` holds."""
    try:
        return strokes.parse(given)
    except NoDigitError as error:
        raise refusal_of(error) from None


def read_label() -> int:
    """The right digit, in the field `label` of the current request or in its query."""
    body = fields()
    given = body.getall("label") if isinstance(body, bottle.FormsDict) else [body.get("label")]
    # As JSON has it, 7.0 is an integer.
    given = [int(one) if isinstance(one, float) and one.is_integer() else one for one in given if one is not None]
    labels = {str(one) for one in [*given, *request.query.getall("label")]} - {""}
    if len(labels) > 1:
        refuse("bad_label", "The request names several digits as the right one; send one of them.")
    label = next(iter(labels), "")
    if not DIGIT.fullmatch(label):
        refuse(
            "bad_label", "The right digit is missing or none of 0 to 9; send it as the field 'label' or as ?label=7."
        )
    return int(label)


def asked_digit() -> int | None:
    """The digit in the current request's query, None where there is none."""
    digit = request.query.get("digit", "")
    if digit and not DIGIT.fullmatch(digit):
        refuse("bad_digit", "The digit to explain is not one of 0 to 9; send ?digit=7, or leave it out.")
    return int(digit) if digit else None


def media_type() -> str:
    """The content type of the current request, without its parameters."""
    return request.content_type.partition(";")[0].strip().lower()


def read_body() -> bytes:
    """The whole body of the current request, which can be read again from `request.body`."""
    most = request.environ[LIMITS].body
    if header(request.environ, "Content-Encoding").strip().lower() not in ("", "identity"):
        refuse("unsupported_type", "The body is compressed; send it as it is, without Content-Encoding.")
    if request.content_length > most:
        drop_body()
        refuse("too_large", too_large(most))
    if request.environ.get("wsgi.input_terminated") and request.chunked:
        # The WSGI server has taken the chunks apart already; Bottle would try it once more.
        body = request.environ["wsgi.input"].read(most + 1)
        request.environ.update({"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))})
        del request.environ["HTTP_TRANSFER_ENCODING"]
    body = request.body.read()
    request.body.seek(0)
    if len(body) > most:
        refuse("too_large", too_large(most))
    return body


def drop_body() -> None:
    """Read what is still being sent, up to a limit: who is cut off while sending does not hear the answer."""
    left = min(request.content_length, MAX_DROPPED)
    while left > 0 and (chunk := request.environ["wsgi.input"].read(min(left, 1 << 16))):
        left -= len(chunk)


def read_part(part: Any) -> bytes:
    """The picture in a multipart field: a file, with a name or without, or a data URL as text."""
    if isinstance(part, bottle.FileUpload):
        return part.file.read() or refuse("no_image", EMPTY)
    if part and not part.isascii() and not part.lstrip().lower().startswith("data:"):
        with suppress(UnicodeEncodeError):  # then it is text, in a charset of its own
            return part.encode("latin-1")
    return read_data_url(part)


def fields() -> Mapping[str, Any]:
    """What the body of the current request holds by name, taken apart once; nothing where it is no form or object."""
    known = request.environ.get(FIELDS)
    if known is None:
        read = {MULTIPART: multipart_form, JSON: json_object, FORM: form}.get(media_type())
        known = request.environ[FIELDS] = read(read_body()) if read else {}
    return known


def multipart_form(body: bytes) -> bottle.FormsDict:
    """The fields of the current request's multipart form, which is ``body``."""
    # As it came, for Bottle makes capitals small, and boundaries have them.
    if bodies.is_plain_multipart(body, request.environ.get("CONTENT_TYPE", "")):
        request.environ["CONTENT_TYPE"] += "; charset=latin-1"  # or no file could come without a name
        with suppress(Exception):  # Bottle's parser raises whatever malformed parts lead it to
            return request.POST
    raise Refusal("no_image", f"The multipart form is malformed, so it has no picture in it; {HOW_TO_SEND}.")


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object that ``body`` is."""
    if not bodies.is_plain_json(body):
        refuse(
            "bad_json", f"The JSON holds more values than are read; send a picture, or {MAX_POINTS:,} points at most."
        )
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        refuse("bad_json", 'The body is not valid JSON; send {"image": "data:image/png;base64,..."}.')
    if not isinstance(given, dict):
        refuse("bad_json", 'The JSON is not an object; send {"image": "data:image/png;base64,..."}.')
    return given


def form(body: bytes) -> bottle.FormsDict:
    """The fields of the current request's URL-encoded form, which is ``body``."""
    if not bodies.is_plain_form(body):
        refuse("no_image", f"The form has more in it than pictures; {HOW_TO_SEND}.")
    return request.forms


def read_escaped(field: str | None) -> bytes:
    """The picture in a field of a URL-encoded form."""
    # There an unescaped + means a space, which base64 does not have: people forget to escape it.
    return read_data_url(field and field.replace(" ", "+"))


def read_data_url(field: Any) -> bytes:
    """The bytes in a base64 data URL of a picture."""
    if field is None or field == "":
        refuse("no_image", f"There is no picture in the field 'image' of the request; {HOW_TO_SEND}.")
    try:
        data = data_url.decode(field if isinstance(field, str) else "")
    except data_url.DataUrlError:
        refuse(
            "bad_data_url",
            "The picture is no data URL such as data:image/png;base64,iVBOR...; curl sends files as image=@FILE.",
        )
    except ValueError:
        refuse("bad_data_url", "The data URL of the picture is not valid base64.")
    return data or refuse("no_image", EMPTY)
