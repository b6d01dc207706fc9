# SPDX-License-Identifier: MIT
"""Holds the service's answers against its OpenAPI document: every route, status, header and body that a test meets has
to be in it. The harness asks for each answer, so the document cannot drift from the service without a test that
fails."""

import json
import pathlib
import re

import jsonschema

PATH = pathlib.Path(__file__).parents[2] / "examples" / "wms_service" / "openapi.json"
DOCUMENT = json.loads(PATH.read_text())
PROBLEM = "application/problem+json"
# What may be said of any request, whatever its path: that it cannot be read.
UNREADABLE = {400, 408, 414, 416, 431}

_TEMPLATES = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + r"\Z"), path) for path in DOCUMENT["paths"]]


def resolve(node):
    """What a reference stands for, or the thing itself."""
    while "$ref" in node:
        found = DOCUMENT
        for name in node["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        node = found
    return node


def validate(value, schema, what):
    """That a value is one of a schema of the document."""
    validator = jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    errors = [f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(value)]
    if errors:
        raise AssertionError(f"{what} is not what the document says: {errors}")


def template_of(path):
    """The document's path that stands for this one."""
    path = path.partition("?")[0]
    return next((template for pattern, template in _TEMPLATES if pattern.match(path)), None)


def operation_of(method, template):
    """HEAD is answered as GET."""
    return DOCUMENT["paths"][template].get({"HEAD": "get"}.get(method, method.lower()))


def check(method, path, body, answer):
    """That the document has an answer like this one to a request like that."""
    what = f"the answer to {method} {path}: {answer}"
    template = template_of(path)
    if template is None:
        return _check_refusal(what, answer, {404} | UNREADABLE)
    operation = operation_of(method, template)
    if operation is None:
        if method == "OPTIONS" and answer.status == 204:
            return None
        return _check_refusal(what, answer, {405} | UNREADABLE)
    described = operation["responses"].get(str(answer.status))
    if described is None:
        raise AssertionError(f"the document has no {answer.status} of {method} {template}; {what}")
    _check_described(method, what, resolve(described), answer)
    if answer.status < 300 and "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        validate(json.loads(body) if isinstance(body, bytes) else body, schema, f"an accepted body of {method} {path}")
    return None


def _check_refusal(what, answer, statuses):
    if answer.status not in statuses:
        raise AssertionError(f"expected one of {statuses}, not {what}")
    if answer.status == 405 and not answer.headers["Allow"]:
        raise AssertionError(f"no Allow in {what}")
    _check_body(what, {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}, answer)


def _check_described(method, what, described, answer):
    for name, header in described["headers"].items():
        header = resolve(header)
        if answer.headers[name] is None:
            if header.get("required", False):
                raise AssertionError(f"no {name} in {what}")
            continue
        validate(answer.headers[name], header["schema"], f"the header {name} of {what}")
    if method != "HEAD":
        _check_body(what, described["content"], answer)


def _check_body(what, content, answer):
    media = answer.headers["Content-Type"].partition(";")[0]
    if media not in content:
        raise AssertionError(f"a Content-Type of {list(content)} expected, not {media}; {what}")
    is_json = media.endswith("json")
    validate(answer.json if is_json else answer.body.decode(), content[media]["schema"], what)
