"""One call to a connector's receiver: what is sent, and what it answered."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.fernet import InvalidToken
from django.utils.translation import gettext_noop as _

from currents.envelopes import body, compact
from currents.models import Connector, Transformation
from currents.reactions import Reaction, reaction_to
from lib import outbound
from lib.sealing import unseal
from lib.wording import Sentence

VERSION = "1"
NO_KEY = _("No data key can decrypt the token of this connector")
REDACTED = "[REDACTED]"
#: How much of an answer's body the error keeps. Characters.
EXCERPT = 500
#: A balance: a third of the time of the default, and nearly its size.
GZIP_LEVEL = 5


@dataclass(frozen=True)
class Answer:
    """What came of a call.

    ``detail`` is how the answer began. Where none came, ``status`` is None and ``detail`` a
    sentence that says why, for ``wording.in_words``.
    """

    reaction: Reaction
    status: int | None = None
    detail: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def call(
    client: outbound.Client,
    connector: Connector,
    envelopes: list[str],
    *,
    timeout: float = outbound.TIMEOUT_SECONDS,
) -> Answer:
    """Send ``envelopes``, events as the outbox keeps them, in one call; return what came of it.

    ``timeout`` is in seconds.
    """
    try:
        token = unseal(connector.sealed_token) if connector.sealed_token else ""
    except InvalidToken:
        return Answer(Reaction.CREDENTIALS, detail=NO_KEY)
    if connector.transformations:
        envelopes = [transformed(each, connector.transformations) for each in envelopes]
    sent = body(envelopes)
    headers = _headers(token, zipped=connector.gzip)
    sent = gzip.compress(sent, GZIP_LEVEL, mtime=0) if connector.gzip else sent
    try:
        answer = client.post(connector.url, content=sent, headers=headers, timeout=timeout)
    except outbound.OutboundError as error:
        said = error.sentence
        words = {name: _without(token, word) for name, word in said.values.items()}
        return Answer(Reaction.LATER, detail=Sentence(said.text, **words).dump())
    detail, status = _without(token, answer.text), answer.status_code
    return Answer(reaction_to(status), status, detail, headers=answer.headers)


def transformed(envelope: str, transformations: Mapping[str, str]) -> str:
    """Return an event with the fields named in ``transformations`` removed or hashed.

    Only what is text is touched, wherever the event carries the field.
    """
    event = json.loads(envelope)
    for part in (event["user"], event["properties"]):
        for name in transformations.keys() & part.keys():
            part[name] = _changed(part[name], transformations[name])
    return compact(event)


def _changed(value: Any, transformation: str) -> Any:
    if not isinstance(value, str):
        return value
    if transformation == Transformation.HASH:
        return sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    return REDACTED


def _headers(token: str, *, zipped: bool) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Braze-Currents-Version": VERSION}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if zipped:
        headers["Content-Encoding"] = "gzip"
    return headers


def _without(token: str, text: str) -> str:
    """The beginning of ``text`` for people to read; a receiver may send our token back."""
    return (text.replace(token, REDACTED) if token else text)[:EXCERPT]
