"""Compare the OpenAPI with the recorded one: what was accepted stays accepted, what was answered stays understood.

`--check` fails on a removed operation, parameter or field, on an input that became required or takes fewer types or
values, and on an answer that lost a field or gives new types or values. Without it the record is written anew.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RECORD = Path(__file__).resolve().parent.parent / "tests" / "data" / "openapi_contract.json"
Places = dict[str, list[str]]  # a place such as `json.orders[].pieces`: its types and values, `required` among them


_KEPT = ("$ref", "type", "enum", "const", "required", "operationId", "in", "name")
_ENTERED = ("anyOf", "oneOf", "allOf", "items", "additionalProperties", "schema", "parameters", "requestBody")
_NAMED = ("paths", "schemas", "properties", "responses", "content")


def pruned(part: Any) -> Any:
    """Return a part of the document without its words and limits: what is compared."""
    if isinstance(part, list):
        return [pruned(one) for one in part]
    if not isinstance(part, dict):
        return part
    kept = {key: part[key] for key in _KEPT if key in part}
    kept |= {key: pruned(part[key]) for key in (*_ENTERED, "components") if key in part}
    kept |= {key: {name: pruned(one) for name, one in part[key].items()} for key in _NAMED if key in part}
    methods = ("get", "put", "post", "delete", "patch")
    return kept | {key: pruned(part[key]) for key in methods if key in part}


def describe(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return each operation's name, the places of what it takes and of what it answers."""
    found: dict[str, dict[str, Any]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found[f"{method.upper()} {path}"] = {
                "name": operation["operationId"],
                "takes": _gathered(_taken(operation, document)),
                "answers": _gathered(_answered(operation, document)),
            }
    return found


def breaks(old: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]]) -> list[str]:
    """Return what a client of the old document would stumble over, one line each."""
    told = []
    for key, was in old.items():
        if key not in new:
            told.append(f"{key}: removed")
            continue
        now = new[key]
        if was["name"] != now["name"]:
            told.append(f"{key}: operationId {was['name']} became {now['name']}")
        told += [f"{key}: {line}" for line in _broken_inputs(was["takes"], now["takes"])]
        told += [f"{key}: {line}" for line in _broken_answers(was["answers"], now["answers"])]
    return told


def _broken_inputs(old: Places, new: Places) -> Iterator[str]:
    for place, now in new.items():
        parent = place.rpartition(".")[0]
        if "required" in now and "required" not in old.get(place, ()) and (place in old or parent in {"", *old}):
            yield f"{place} became required"
    for place, was in old.items():
        if place not in new:
            yield f"{place} is no longer taken"
        elif lost := _less(was, new[place]):
            yield f"{place} no longer takes {', '.join(lost)}"


def _broken_answers(old: Places, new: Places) -> Iterator[str]:
    for place, was in old.items():
        if place not in new:
            yield f"{place} is no longer answered"
        elif more := _less(new[place], was):
            yield f"{place} now answers {', '.join(more)}, too"
        elif "required" in was and "required" not in new[place]:
            yield f"{place} is no longer always answered"


def _less(one: list[str], other: list[str]) -> list[str]:
    """Return what `one` allows and `other` does not; where anything goes, everything is allowed."""
    allowed = set(other) - {"required"}
    if "any" in allowed:
        return []
    widened = {"integer"} if "number" in allowed else set()
    given = set(one) - {"required"} - widened
    return sorted(kind for kind in given - allowed if not (kind.startswith("=") and "string" in allowed))


def _taken(operation: dict[str, Any], document: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for parameter in operation.get("parameters", []):
        place = f"{parameter['in']} {parameter['name']}"
        yield from _walk(parameter["schema"], place, document, required=parameter.get("required", False))
    body = operation.get("requestBody", {})
    for kind, content in body.get("content", {}).items():
        yield from _walk(content.get("schema", {}), kind, document, required=body.get("required", False))


def _answered(operation: dict[str, Any], document: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for status, response in operation["responses"].items():
        for kind, content in response.get("content", {}).items():
            yield from _walk(content.get("schema", {}), f"{status} {kind}", document, required=True)


def _walk(
    schema: dict[str, Any], place: str, document: dict[str, Any], *, required: bool, above: tuple[str, ...] = ()
) -> Iterator[tuple[str, list[str]]]:
    """Yield a place with its types and values, then the places inside."""
    kinds, inside = ["required"] if required else [], []
    alternatives = list(_alternatives(schema, document, above))
    several = sum("properties" in one for _, one in alternatives) > 1
    for names, one in alternatives:
        kinds += _kinds(one)
        start = f"{place}<{names[-1]}>" if several and names else place
        for name, field in one.get("properties", {}).items():
            inside.append((field, f"{start}.{name}", name in one.get("required", []), names))
        if isinstance(one.get("items"), dict):
            inside.append((one["items"], f"{start}[]", False, names))
        if isinstance(one.get("additionalProperties"), dict):
            inside.append((one["additionalProperties"], f"{start}.*", False, names))
    yield place, kinds
    for field, where, needed, names in inside:
        yield from _walk(field, where, document, required=needed, above=names)


def _alternatives(
    schema: dict[str, Any], document: dict[str, Any], above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield what a schema may be, references followed; a schema inside itself is not entered again."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name in above:
            yield above, {"type": "object"}
        else:
            yield from _alternatives(document["components"]["schemas"][name], document, (*above, name))
    elif several := [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]:
        for one in several:
            yield from _alternatives(one, document, above)
    else:
        yield above, schema


def _kinds(schema: dict[str, Any]) -> list[str]:
    if values := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return [f"={value}" for value in values]
    kinds = schema.get("type", "any")
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _gathered(places: Iterator[tuple[str, list[str]]]) -> Places:
    found: dict[str, set[str]] = {}
    for place, kinds in places:
        found.setdefault(place, set()).update(kinds)
    return {place: sorted(kinds) for place, kinds in sorted(found.items())}


def served_document() -> dict[str, Any]:
    """Return the OpenAPI document that the application serves."""
    import tempfile

    from api.http.app import create_app
    from api.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(home=Path(folder), workers=1))
        document = app.openapi()
        app.state.house.board.close()
        app.state.house.database.close()
    return document


def _lines(document: dict[str, Any]) -> str:
    """Return the document as JSON, one path or schema a line: a change of one is a change of one line."""

    def block(parts: dict[str, Any]) -> str:
        lines = [f"{json.dumps(key)}: {json.dumps(parts[key], separators=(',', ':'))}" for key in sorted(parts)]
        return "{\n" + ",\n".join(lines) + "\n}"

    schemas = block(document["components"]["schemas"])
    return f'{{"paths": {block(document["paths"])},\n"components": {{"schemas": {schemas}}}}}\n'


def main(arguments: list[str]) -> int:
    """Write the record, or say what breaks it."""
    now = pruned(served_document())
    if "--check" not in arguments:
        RECORD.write_text(_lines(now))
        return 0
    told = breaks(describe(json.loads(RECORD.read_text())), describe(now))
    print("\n".join(told) if told else "openapi: nothing breaks", file=sys.stderr if told else sys.stdout)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
