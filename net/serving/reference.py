"""The HTTP contract in words: how the page at /api describes the parts of an OpenAPI document."""

from typing import Any

JsonSchema = dict[str, Any]


def alternatives(schema: JsonSchema, schemas: dict[str, JsonSchema]) -> list[JsonSchema]:
    """The alternatives that ``schema`` allows, each a schema.

    References are resolved in ``schemas``; the schemas they refer to get their names as titles.
    """
    if "anyOf" in schema:
        return [way for one in schema["anyOf"] for way in alternatives(one, schemas)]
    if "$ref" in schema:
        return [schemas[name_of(schema)] | {"title": name_of(schema)}]
    return [schema]


def kind(schema: JsonSchema, ending: str = "") -> str:
    """The type of JSON value that ``schema`` allows, in words; empty if any. ``ending`` makes it a plural."""
    if "anyOf" in schema:
        return " or ".join(kind(one, ending) for one in schema["anyOf"])
    if "$ref" in schema:
        return name_of(schema)
    if "const" in schema:
        return f'"{schema["const"]}"'
    types = schema.get("type", [])
    named = [types] if isinstance(types, str) else types
    return " or ".join(one + ending + details_of(one, schema) for one in named)


def details_of(type_name: str, schema: JsonSchema) -> str:
    """What ``schema`` says of a value of the type ``type_name``: its limits, or an array's elements."""
    if type_name in ("integer", "number") and {"minimum", "maximum"} <= schema.keys():
        return f" from {schema['minimum']} to {schema['maximum']}"
    if type_name != "array" or not schema["items"]:
        return ""
    least, most = schema.get("minItems"), schema.get("maxItems")
    how_many = f"{most} " if least == most and most else f"up to {most} " if most else ""
    return f" of {how_many}{kind(schema['items'], 's')}"


def name_of(reference: JsonSchema) -> str:
    """The name of the schema that ``reference`` refers to."""
    return reference["$ref"].rpartition("/")[2]


def errors_of(operation: JsonSchema) -> list[tuple[str, str, str]]:
    """Status, code and condition of each error of ``operation``."""
    responses = operation["responses"].items()
    return [(status, code, when) for status, one in responses for code, when in one.get("x-codes", {}).items()]


def common_errors(contract: JsonSchema) -> list[tuple[str, str, str]]:
    """The `errors_of` that all operations of ``contract`` share, sorted."""
    operations = [one for of_path in contract["paths"].values() for one in of_path.values()]
    return sorted(set.intersection(*(set(errors_of(one)) for one in operations)))


def fields_of(schema: JsonSchema) -> dict[str, JsonSchema]:
    """The fields of the JSON object, or of each in the list, that ``schema`` allows."""
    return schema.get("properties") or schema.get("items", {}).get("properties", {})
