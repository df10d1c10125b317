"""The calls that say who is who: identify, aliases, merge, delete, and renaming external ids."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.db import transaction
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from profiles.identity import naming, schemas
from profiles.identity import serializers as shapes
from profiles.identity.deleting import delete_people
from profiles.identity.naming import Refused
from profiles.identity.who import Kind, SharedAddress, Who, find_one
from rest.calls import REFUSALS, RefusalSchema, RestCall, cleaned
from workspaces import audit
from workspaces.models import RestApiKey

#: What was wrong with some items of an array, each by its index.
Problems = list[tuple[int, str]]

#: By array, what reads of an item whom it means.
TO_IDENTIFY: dict[str, Callable[[Any], Who | SharedAddress]] = {
    "aliases_to_identify": lambda item: shapes.read_alias(item.get("user_alias")),
    "emails_to_identify": lambda item: shapes.read_address(item, Kind.EMAIL),
    "phone_numbers_to_identify": lambda item: shapes.read_address(item, Kind.PHONE),
}
TO_DELETE: dict[str, Callable[[Any], Who | SharedAddress]] = {
    "external_ids": lambda item: Who.external_id(shapes.read_id(item)),
    "user_aliases": shapes.read_alias,
    "braze_ids": lambda item: Who.braze_id(shapes.read_id(item)),
    "email_addresses": lambda item: shapes.read_address_or_text(item, Kind.EMAIL),
    "phone_numbers": lambda item: shapes.read_address_or_text(item, Kind.PHONE),
}


#: Beside what any call may be refused with.
WRITE_REFUSALS = REFUSALS | {
    status: OpenApiResponse(RefusalSchema, text)
    for status, text in (
        (413, "The body is larger than 1 MiB."),
        (415, "The body is not application/json."),
        (423, "Other calls write the same users again and again: try later."),
    )
}


def responses(answer: type[Serializer], said: Any, status: int = 201) -> dict[int, Any]:
    """Return what a call may answer: ``said``, of the shape ``answer``, or a message."""
    example = OpenApiExample("Success", value=said, status_codes=[str(status)])
    return WRITE_REFUSALS | {status: OpenApiResponse(answer, "What was applied.", [example])}


def example(name: str, **body: Any) -> OpenApiExample:
    return OpenApiExample(name, request_only=True, value=body)


def apply_each(items: Iterable[Any], apply: Callable[[Any], None]) -> Problems:
    """Apply the items one by one; return the index of each that was refused, and why."""
    problems = []
    for index, item in enumerate(items):
        try:
            apply(item)
        except Refused as problem:
            problems.append((index, str(problem)))
    return problems


def told(problems: dict[str, Problems]) -> dict[str, Any]:
    """Return the ``errors`` of an answer, by input array, or nothing where there are none."""
    errors = [
        {"type": problem, "input_array": array, "index": index}
        for array, found in problems.items()
        for index, problem in found
    ]
    return {"errors": errors} if errors else {}


class IdentityCall(RestCall):
    limit = "identities"

    @contextmanager
    def on_record(self, action: str) -> Iterator[list[Any]]:
        """Have the block list what was done to each person: how many they are is put on record as
        ``action``, also where the block breaks off.
        """
        done: list[Any] = []
        try:
            yield done
        finally:
            if done:
                key = cast(RestApiKey, self.request.auth)
                detail = {audit.KEY: key.name, "users": len(done)}
                audit.record(self.workspace, None, action, self.request.path, **detail)

    def sent(self, request: Request, serializer: type[Serializer]) -> dict[str, Any]:
        """Return the body as ``serializer`` cleans it. Raises ``APIException``."""
        if not isinstance(request.data, dict):
            raise ParseError("Bad Request: the body must be a JSON object")
        return cleaned(serializer, request.data)

    def aliases_answer(self, count: int, problems: dict[str, Problems]) -> Response:
        processed = count - sum(map(len, problems.values()))
        answer = {"aliases_processed": processed, "message": "success"}
        return Response(answer | told(problems), status=201)


class Identify(IdentityCall):
    permission = "users.identify"

    @extend_schema(
        operation_id="users_identify",
        summary="Identify anonymous users",
        description=(
            "Gives users who have none an external id. Where another user has it already, the "
            "anonymous one is merged into that one and removed, unless both have an alias with the "
            "same label."
        ),
        tags=["User data"],
        request=schemas.IdentifyCallSchema,
        responses=responses(
            schemas.AliasesAnswerSchema, {"aliases_processed": 2, "message": "success"}
        ),
        examples=[
            example(
                "An alias and an e-mail address",
                aliases_to_identify=[
                    {
                        "external_id": "user-1",
                        "user_alias": {"alias_name": "5f2c", "alias_label": "email_hash"},
                    }
                ],
                emails_to_identify=[
                    {
                        "external_id": "user-2",
                        "email": "ada@example.com",
                        "prioritization": ["unidentified", "most_recently_updated"],
                    }
                ],
            )
        ],
    )
    def post(self, request: Request) -> Response:
        sent = self.sent(request, shapes.IdentifySerializer)
        problems = {}
        with self.on_record("Merged Users") as merged:
            for array, items in sent.items():

                def apply(item: Any, array: str = array) -> None:
                    external_id, who = (
                        shapes.read_text(item, "external_id"),
                        TO_IDENTIFY[array](item),
                    )
                    if naming.identify(self.workspace, who, external_id):
                        merged.append(external_id)

                problems[array] = apply_each(items, apply)
        return self.aliases_answer(sum(map(len, sent.values())), problems)


class NewAliases(IdentityCall):
    permission = "users.alias.new"

    @extend_schema(
        operation_id="users_alias_new",
        summary="Give users aliases",
        description=(
            "Adds an alias to the user with the external id, or makes a user who has only the "
            "alias. A user has one alias of a label; an alias that another user has is refused."
        ),
        tags=["User data"],
        request=schemas.NewAliasesCallSchema,
        responses=responses(
            schemas.AliasesAnswerSchema, {"aliases_processed": 1, "message": "success"}
        ),
        examples=[
            example(
                "An alias of a known user",
                user_aliases=[
                    {"external_id": "user-1", "alias_name": "5f2c", "alias_label": "email_hash"}
                ],
            )
        ],
    )
    def post(self, request: Request) -> Response:
        sent = self.sent(request, shapes.NewAliasesSerializer)

        def apply(item: Any) -> None:
            alias = shapes.read_alias(item)
            given = item.get("external_id")
            external_id = None if given is None else shapes.read_id(given, "external_id")
            naming.add_alias(self.workspace, alias, external_id)

        items = sent["user_aliases"]
        return self.aliases_answer(len(items), {"user_aliases": apply_each(items, apply)})


class AliasUpdates(IdentityCall):
    permission = "users.alias.update"

    @extend_schema(
        operation_id="users_alias_update",
        summary="Rename aliases",
        description="Gives aliases other names under their labels.",
        tags=["User data"],
        request=schemas.AliasUpdatesCallSchema,
        responses=responses(
            schemas.AliasesAnswerSchema, {"aliases_processed": 1, "message": "success"}
        ),
        examples=[
            example(
                "One alias",
                alias_updates=[
                    {"alias_label": "crm", "old_alias_name": "17", "new_alias_name": "c-17"}
                ],
            )
        ],
    )
    def post(self, request: Request) -> Response:
        sent = self.sent(request, shapes.AliasUpdatesSerializer)

        def apply(item: Any) -> None:
            label, old, new = (
                shapes.read_text(item, key)
                for key in ("alias_label", "old_alias_name", "new_alias_name")
            )
            naming.rename_alias(self.workspace, label, old, new)

        items = sent["alias_updates"]
        return self.aliases_answer(len(items), {"alias_updates": apply_each(items, apply)})


class Merge(IdentityCall):
    permission = "users.merge"

    @extend_schema(
        operation_id="users_merge",
        summary="Merge users into others",
        description=(
            "What the user to keep lacks is filled in from the one to merge; events, devices and "
            "memberships of cohorts move. Then the user to merge is removed."
        ),
        tags=["User data"],
        request=schemas.MergeCallSchema,
        responses=responses(schemas.IdentityAnswerSchema, {"message": "success"}, 202),
        examples=[
            example(
                "By external id, and by e-mail address",
                merge_updates=[
                    {
                        "identifier_to_merge": {"external_id": "old-user"},
                        "identifier_to_keep": {"external_id": "user-1"},
                    },
                    {
                        "identifier_to_merge": {
                            "email": "ada@example.com",
                            "prioritization": ["unidentified"],
                        },
                        "identifier_to_keep": {"external_id": "user-2"},
                    },
                ],
            )
        ],
    )
    def post(self, request: Request) -> Response:
        pairs = self.sent(request, shapes.MergeSerializer)["merge_updates"]
        with self.on_record("Merged Users") as done:

            def apply(pair: Any) -> None:
                naming.merge_named(self.workspace, merged=pair[0], kept=pair[1])
                done.append(pair)

            problems = apply_each(pairs, apply)
        return Response({"message": "success"} | told({"merge_updates": problems}), status=202)


class Delete(IdentityCall):
    permission = "users.delete"

    @extend_schema(
        operation_id="users_delete",
        summary="Delete users",
        description=(
            "Deletes users with all that is known of them, at once and for good. `deleted` counts "
            "those who were found; an address that more than one user has deletes nobody."
        ),
        tags=["User data"],
        request=schemas.DeleteCallSchema,
        responses=responses(schemas.DeletedAnswerSchema, {"deleted": 2, "message": "success"}),
        examples=[example("By external id", external_ids=["user-1", "user-2"])],
    )
    def post(self, request: Request) -> Response:
        people: set[int] = set()
        problems = {}
        for array, items in self.sent(request, shapes.DeleteSerializer).items():

            def find(item: Any, array: str = array) -> None:
                person = find_one(self.workspace, TO_DELETE[array](item))
                people.update([] if person is None else [person])

            problems[array] = apply_each(items, find)
        with transaction.atomic(), self.on_record("Deleted Users") as done:
            deleted = delete_people(self.workspace, people)
            done.extend(range(deleted))
        answer = {"deleted": deleted, "message": "success"}
        return Response(answer | told(problems), status=201)


class RenameExternalIds(IdentityCall):
    permission = "users.external_ids.rename"
    limit = "external_ids"

    @extend_schema(
        operation_id="users_external_ids_rename",
        summary="Rename external ids",
        description="The old external id is deprecated: it names the user too until it is removed.",
        tags=["External ids"],
        request=schemas.RenamesCallSchema,
        responses=responses(
            schemas.RenamesAnswerSchema,
            {"message": "success", "external_ids": ["c-17"], "rename_errors": []},
        ),
        examples=[
            example(
                "One user",
                external_id_renames=[{"current_external_id": "17", "new_external_id": "c-17"}],
            )
        ],
    )
    def post(self, request: Request) -> Response:
        items = self.sent(request, shapes.RenamesSerializer)["external_id_renames"]
        with self.on_record("Renamed External IDs") as renamed:

            def apply(item: Any) -> None:
                current = shapes.read_text(item, "current_external_id")
                new = shapes.read_text(item, "new_external_id")
                naming.rename_external_id(self.workspace, current, new)
                renamed.append(new)

            errors = apply_each(items, apply)
        answer = {"message": "success", "external_ids": renamed, "rename_errors": errors}
        return Response(answer, status=201)


class RemoveExternalIds(IdentityCall):
    permission = "users.external_ids.remove"
    limit = "external_ids"

    @extend_schema(
        operation_id="users_external_ids_remove",
        summary="Remove deprecated external ids",
        description="They name nobody any more. A primary external id cannot be removed.",
        tags=["External ids"],
        request=schemas.RemovalsCallSchema,
        responses=responses(
            schemas.RemovalsAnswerSchema,
            {"message": "success", "removed_ids": ["17"], "removal_errors": []},
        ),
        examples=[example("One", external_ids=["17"])],
    )
    def post(self, request: Request) -> Response:
        items = self.sent(request, shapes.RemovalsSerializer)["external_ids"]
        with self.on_record("Removed External IDs") as removed:

            def apply(item: Any) -> None:
                external_id = shapes.read_id(item)
                naming.remove_external_id(self.workspace, external_id)
                removed.append(external_id)

            errors = apply_each(items, apply)
        answer = {"message": "success", "removed_ids": removed, "removal_errors": errors}
        return Response(answer, status=201)
