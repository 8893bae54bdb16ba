"""The HTTP interface as `/openapi.json` describes it: every answer that comes through here is held against the document.

Its status must be one that the operation names, its media type and body those of that status. A test that asks through
an `Interface` therefore checks the document as well as the centre.
"""

import itertools
import json
import urllib.parse
from typing import Any

import jsonschema

from calls import call, spread
from http_client import Answer, ask
from running_centre import RunningCentre

_PLACES = itertools.count()


class Interface:
    """One centre's HTTP door, and the document that it gives of itself."""

    def __init__(self, centre: RunningCentre) -> None:
        self.centre = centre
        answer = ask(centre, "GET", "/openapi.json")
        assert answer.status == 200
        self.document = answer.json()
        jsonschema.Draft202012Validator.check_schema({"$defs": self.document["components"]["schemas"]})
        self.answered: set[tuple[str, str, int]] = set()
        self.told: set[str] = set()

    def operations(self) -> set[tuple[str, str]]:
        """Every method and path that the document has."""
        return {(method.upper(), path) for path, methods in self.document["paths"].items() for method in methods}

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None, **more: str) -> Answer:
        """One request; `body` is bytes as they are or data that becomes JSON. The answer fits the document."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        headers = more | ({"Idempotency-Key": key} if key is not None else {})
        answer = ask(self.centre, method, urllib.parse.quote(path, safe="/?&=%,.+-"), data, more=headers)
        self.check(method, path, answer)
        return answer

    def get(self, path: str) -> Any:
        """What a GET shows."""
        answer = self.ask("GET", path)
        assert answer.status == 200, (path, answer.body)
        return answer.json()

    def act(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        """What an act that is done is answered with."""
        answer = self.ask(method, path, body, key)
        assert answer.status == 200, (method, path, body, answer.body)
        return answer.json()

    def call(self, key: str, **fields: Any) -> Any:
        """The decision on a call at a place of its own, unless a place is given."""
        return self.act("POST", "/v1/calls", call(key, **(spread(next(_PLACES)) | fields)))

    def problem(self, method: str, path: str, body: Any = None, key: str | None = None) -> tuple[int, str, str | None]:
        """Status, code and field of a refusal."""
        answer = self.ask(method, path, body, key)
        assert answer.status >= 400, (method, path, body, answer.body)
        problem = answer.json()
        return answer.status, problem["type"].rsplit(":", 1)[1], problem.get("field")

    def free_unit(self, agency: str) -> str:
        """A unit of an agency that is free and moves; a desk takes many orders at once."""
        units = self.get(f"/v1/units?agency={agency}&state=free")["items"]
        return next(unit["name"] for unit in units if not unit["desk"])

    def pages(self, path: str, limit: int) -> list[Any]:
        """All things of a list, page by page."""
        found: list[Any] = []
        after = ""
        while True:
            joint = "&" if "?" in path else "?"
            page = self.get(f"{path}{joint}limit={limit}{after}")
            assert len(page["items"]) <= limit
            found += page["items"]
            if page["next"] is None:
                return found
            assert len(page["items"]) == limit, "a page that is not full is the last"
            after = f"&after={page['next']}"

    def template(self, path: str) -> str | None:
        """The document's path for a path; words before parameters."""
        parts = path.split("?")[0].split("/")

        def fits(template: str) -> bool:
            wanted = template.split("/")
            return len(wanted) == len(parts) and all(
                own == given or own.startswith("{") for own, given in zip(wanted, parts)
            )

        found = sorted((template.count("{"), template) for template in self.document["paths"] if fits(template))
        return found[0][1] if found else None

    def check(self, method: str, path: str, answer: Answer) -> None:
        """Holds an answer against what the document says of it."""
        kind = (answer.headers["Content-Type"] or "").split(";")[0]
        if kind == "application/problem+json":
            self.told.add(answer.json()["type"].rpartition(":")[2])
        template = self.template(path)
        operation = self.document["paths"].get(template, {}).get(method.lower())
        if operation is None:
            assert answer.status in (404, 405) and kind == "application/problem+json", answer.body
            self.fits({"$ref": "#/components/schemas/Problem"}, answer.json())
            return
        described = operation["responses"].get(str(answer.status))
        assert described, f"{method} {template} does not name {answer.status}: {answer.body}"
        assert kind in described["content"], f"{method} {template} {answer.status}: {kind}"
        self.answered.add((method, str(template), answer.status))
        if kind.endswith("json"):
            self.fits(described["content"][kind]["schema"], answer.json())
        if answer.status >= 400:
            assert answer.json()["status"] == answer.status

    def fits(self, schema: dict[str, Any], instance: Any) -> None:
        """The instance fits the schema, or the test fails with what does not."""
        whole = {**schema, "components": self.document["components"]}
        errors = list(jsonschema.Draft202012Validator(whole).iter_errors(instance))
        assert not errors, [f"{error.json_path}: {error.message}" for error in errors]
