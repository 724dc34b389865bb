"""Two records of questions, difference by difference. A difference is a line: CASE | QUESTION | WHAT."""

from __future__ import annotations

import fnmatch
import json
import urllib.parse
from pathlib import Path
from typing import Any

from clouds import Clouds, Question, jwt_parts

# What belongs to the connection or says who asks, and nothing to the question.
NOT_THE_QUESTION = {"host", "user-agent", "accept", "accept-encoding", "connection", "content-length", "amz-sdk-request",
                    "amz-sdk-invocation-id", "x-amz-user-agent", "x-goog-api-client", "return-client-request-id",
                    "client-request-id", "x-ms-client-request-id"}
NOT_COMPARED = "(differs each time)"


def place_of(question: Question) -> str:
    place = f"{question.method} {question.host}{question.path}"
    form = question.form() if question.method == "POST" and b"=" in question.body[:200] else {}
    if "Action" in form:
        place += f" {form['Action']}"
    if "RoleArn" in form:
        place += f" {form['RoleArn'].rpartition('/')[2]}"
    for name in ("nextToken", "skip"):
        if name in dict(question.query):
            place += f" {name}={dict(question.query)[name]}"
    return place


def jwt_of(token: str, now: float) -> dict[str, Any]:
    header, claims = jwt_parts(token)
    for name in ("iat", "nbf"):
        if name in claims and abs(claims[name] - now) < 60:
            claims[name] = "now"
    if "exp" in claims:
        claims["exp"] = f"now + {round((claims['exp'] - now) / 60)} min"
    if "jti" in claims:
        claims["jti"] = NOT_COMPARED
    return {"header": header, "claims": claims}


def aws_headers(headers: dict[str, str]) -> dict[str, str]:
    authorization = headers.get("authorization", "")
    if not authorization.startswith("AWS4-"):
        return {}
    parts = dict(part.strip().split("=", 1) for part in authorization.split(" ", 1)[1].split(","))
    scope = parts["Credential"].split("/")
    return {"authorization": f"AWS4 for {scope[2]}/{scope[3]}, signed {parts['SignedHeaders']}",
            **{name: NOT_COMPARED for name in ("x-amz-date", "x-amz-security-token") if name in headers}}


def shown(question: Question, clouds: Clouds) -> dict[str, str]:
    """What is asked, flat, without what is new each time."""
    asked: dict[str, str] = {f"query {name}": value for name, value in question.query}
    headers = {name: value for name, value in question.headers.items() if name not in NOT_THE_QUESTION}
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind == "Bearer":
        headers["authorization"] = f"Bearer for {clouds.tokens.get(token)}"
    if "x-aws-ec2-metadata-token" in headers:
        headers["x-aws-ec2-metadata-token"] = NOT_COMPARED
    headers |= aws_headers(headers)
    asked |= {f"header {name}": value for name, value in headers.items()}
    text = question.body.decode()
    if text.startswith("{"):
        body = json.loads(text)
    else:
        body = question.form() if text else {}
    for name, value in body.items():
        if name in ("assertion", "client_assertion") and value.count(".") == 2 and value.startswith("ey"):
            value = jwt_of(value, clouds.now())
        elif name == "subject_token" and value.startswith("%7B"):
            signed = json.loads(urllib.parse.unquote(value))
            signed["headers"] = {entry["key"].lower(): entry["value"] for entry in signed["headers"]}
            signed["headers"] |= aws_headers(signed["headers"])
            value = signed
        elif name == "Policy":
            value = json.loads(value)
        if isinstance(value, dict):
            value = json.dumps(value, sort_keys=True)
        asked[f"body {name}"] = str(value)
    return asked


def differences(case: str, ours: list[Question], theirs: list[Question], clouds: Clouds) -> list[str]:
    """Of several questions of the same place the last counts."""
    a = {place_of(question): shown(question, clouds) for question in ours}
    b = {place_of(question): shown(question, clouds) for question in theirs}
    found = [f"{case} | {place} | only stepop asks" for place in a if place not in b]
    found += [f"{case} | {place} | only the library asks" for place in b if place not in a]
    for place in sorted(set(a) & set(b)):
        for name in sorted(set(a[place]) | set(b[place])):
            one, other = a[place].get(name, "(nothing)"), b[place].get(name, "(nothing)")
            if one != other:
                found.append(f"{case} | {place} | {name}: {one} != {other}")
    return found


class Known:
    """The differences that are meant."""

    def __init__(self, path: Path):
        lines = [line.split("\t", 1) for line in path.read_text().splitlines() if line and not line.startswith("#")]
        self.patterns = [pattern for pattern, _ in lines]
        self.used: set[str] = set()

    def knows(self, difference: str) -> bool:
        for pattern in self.patterns:
            if fnmatch.fnmatchcase(difference, pattern):
                self.used.add(pattern)
                return True
        return False

    def unused(self) -> list[str]:
        return [pattern for pattern in self.patterns if pattern not in self.used]
