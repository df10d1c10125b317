"""The calls that say who is who: identify, aliases, merge, delete, and renaming external ids."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from profiles.identity import naming, schemas, serializers
from profiles.identity.deleting import delete_people
from profiles.identity.naming import Refused
from profiles.identity.who import Kind, SharedAddress, Who, find_one
from rest.calls import RestCall, cleaned
from rest.schema import REFUSALS, documented
from workspaces import audit
from workspaces.models import RestApiKey

#: What was wrong with some items of an array, each by its index.
Problems = list[tuple[int, str]]

#: By array, what reads of an item whom it means.
TO_IDENTIFY: dict[str, Callable[[Any], Who | SharedAddress]] = {
    "aliases_to_identify": lambda item: serializers.read_alias(item.get("user_alias")),
    "emails_to_identify": lambda item: serializers.read_address(item, Kind.EMAIL),
    "phone_numbers_to_identify": lambda item: serializers.read_address(item, Kind.PHONE),
}
TO_DELETE: dict[str, Callable[[Any], Who | SharedAddress]] = {
    "external_ids": lambda item: Who.external_id(serializers.read_id(item)),
    "user_aliases": serializers.read_alias,
    "braze_ids": lambda item: Who.braze_id(serializers.read_id(item)),
    "email_addresses": lambda item: serializers.read_address_or_text(item, Kind.EMAIL),
    "phone_numbers": lambda item: serializers.read_address_or_text(item, Kind.PHONE),
}


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
    refusals = REFUSALS | {423: "Other calls write the same users again and again: try later."}

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

    def aliases_answer(self, count: int, problems: dict[str, Problems]) -> Response:
        processed = count - sum(map(len, problems.values()))
        answer = {"aliases_processed": processed, "message": "success"}
        return Response(answer | told(problems), status=201)


@documented(
    "Identify anonymous users",
    "Gives users who have none an external id. Where another user has it already, the "
    "anonymous one is merged into that one and removed, unless both have an alias with the "
    "same label.",
    tag="User data",
    request=schemas.IdentifyCallSchema,
    answer=schemas.AliasesAnswerSchema,
    request_example={
        "An alias and an e-mail address": {
            "aliases_to_identify": [
                {
                    "external_id": "user-1",
                    "user_alias": {"alias_name": "5f2c", "alias_label": "email_hash"},
                }
            ],
            "emails_to_identify": [
                {
                    "external_id": "user-2",
                    "email": "ada@example.com",
                    "prioritization": ["unidentified", "most_recently_updated"],
                }
            ],
        }
    },
    answer_example={"Success": {"aliases_processed": 2}},
)
class Identify(IdentityCall):
    permission = "users.identify"

    def post(self, request: Request) -> Response:
        sent = cleaned(serializers.IdentifySerializer, request.data)
        problems = {}
        with self.on_record("Merged Users") as merged:
            for array, items in sent.items():

                def apply(item: Any, array: str = array) -> None:
                    external_id, who = (
                        serializers.read_text(item, "external_id"),
                        TO_IDENTIFY[array](item),
                    )
                    if naming.identify(self.workspace, who, external_id):
                        merged.append(external_id)

                problems[array] = apply_each(items, apply)
        return self.aliases_answer(sum(map(len, sent.values())), problems)


@documented(
    "Give users aliases",
    "Adds an alias to the user with the external id, or makes a user who has only the "
    "alias. A user has one alias of a label; an alias that another user has is refused.",
    tag="User data",
    request=schemas.NewAliasesCallSchema,
    answer=schemas.AliasesAnswerSchema,
    request_example={
        "An alias of a known user": {
            "user_aliases": [
                {"external_id": "user-1", "alias_name": "5f2c", "alias_label": "email_hash"}
            ]
        }
    },
    answer_example={"Success": {"aliases_processed": 1}},
)
class NewAliases(IdentityCall):
    permission = "users.alias.new"

    def post(self, request: Request) -> Response:
        sent = cleaned(serializers.NewAliasesSerializer, request.data)

        def apply(item: Any) -> None:
            alias = serializers.read_alias(item)
            given = item.get("external_id")
            external_id = None if given is None else serializers.read_id(given, "external_id")
            naming.add_alias(self.workspace, alias, external_id)

        items = sent["user_aliases"]
        return self.aliases_answer(len(items), {"user_aliases": apply_each(items, apply)})


@documented(
    "Rename aliases",
    "Gives aliases other names under their labels.",
    tag="User data",
    request=schemas.AliasUpdatesCallSchema,
    answer=schemas.AliasesAnswerSchema,
    request_example={
        "One alias": {
            "alias_updates": [
                {"alias_label": "crm", "old_alias_name": "17", "new_alias_name": "c-17"}
            ]
        }
    },
    answer_example={"Success": {"aliases_processed": 1}},
)
class AliasUpdates(IdentityCall):
    permission = "users.alias.update"

    def post(self, request: Request) -> Response:
        sent = cleaned(serializers.AliasUpdatesSerializer, request.data)

        def apply(item: Any) -> None:
            label, old, new = (
                serializers.read_text(item, key)
                for key in ("alias_label", "old_alias_name", "new_alias_name")
            )
            naming.rename_alias(self.workspace, label, old, new)

        items = sent["alias_updates"]
        return self.aliases_answer(len(items), {"alias_updates": apply_each(items, apply)})


@documented(
    "Merge users into others",
    "What the user to keep lacks is filled in from the one to merge; events, devices and "
    "memberships of cohorts move. Then the user to merge is removed.",
    tag="User data",
    request=schemas.MergeCallSchema,
    answer=schemas.IdentityAnswerSchema,
    status=202,
    request_example={
        "By external id, and by e-mail address": {
            "merge_updates": [
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
            ]
        }
    },
)
class Merge(IdentityCall):
    permission = "users.merge"

    def post(self, request: Request) -> Response:
        pairs = cleaned(serializers.MergeSerializer, request.data)["merge_updates"]
        with self.on_record("Merged Users") as done:

            def apply(pair: Any) -> None:
                naming.merge_named(self.workspace, merged=pair[0], kept=pair[1])
                done.append(pair)

            problems = apply_each(pairs, apply)
        return Response({"message": "success"} | told({"merge_updates": problems}), status=202)


@documented(
    "Delete users",
    "Deletes users with all that is known of them, at once and for good. `deleted` counts "
    "those who were found; an address that more than one user has deletes nobody.",
    tag="User data",
    request=schemas.DeleteCallSchema,
    answer=schemas.DeletedAnswerSchema,
    request_example={"By external id": {"external_ids": ["user-1", "user-2"]}},
    answer_example={"Success": {"deleted": 2}},
)
class Delete(IdentityCall):
    permission = "users.delete"

    def post(self, request: Request) -> Response:
        people: set[int] = set()
        problems = {}
        for array, items in cleaned(serializers.DeleteSerializer, request.data).items():

            def find(item: Any, array: str = array) -> None:
                person = find_one(self.workspace, TO_DELETE[array](item))
                people.update([] if person is None else [person])

            problems[array] = apply_each(items, find)
        with transaction.atomic(), self.on_record("Deleted Users") as done:
            deleted = delete_people(self.workspace, people)
            done.extend(range(deleted))
        answer = {"deleted": deleted, "message": "success"}
        return Response(answer | told(problems), status=201)


@documented(
    "Rename external ids",
    "The old external id is deprecated: it names the user too until it is removed.",
    tag="External ids",
    request=schemas.RenamesCallSchema,
    answer=schemas.RenamesAnswerSchema,
    request_example={
        "One user": {
            "external_id_renames": [{"current_external_id": "17", "new_external_id": "c-17"}]
        }
    },
    answer_example={"Success": {"external_ids": ["c-17"], "rename_errors": []}},
)
class RenameExternalIds(IdentityCall):
    permission = "users.external_ids.rename"
    limit = "external_ids"

    def post(self, request: Request) -> Response:
        items = cleaned(serializers.RenamesSerializer, request.data)["external_id_renames"]
        with self.on_record("Renamed External IDs") as renamed:

            def apply(item: Any) -> None:
                current = serializers.read_text(item, "current_external_id")
                new = serializers.read_text(item, "new_external_id")
                naming.rename_external_id(self.workspace, current, new)
                renamed.append(new)

            errors = apply_each(items, apply)
        answer = {"message": "success", "external_ids": renamed, "rename_errors": errors}
        return Response(answer, status=201)


@documented(
    "Remove deprecated external ids",
    "They name nobody any more. A primary external id cannot be removed.",
    tag="External ids",
    request=schemas.RemovalsCallSchema,
    answer=schemas.RemovalsAnswerSchema,
    request_example={"One": {"external_ids": ["17"]}},
    answer_example={"Success": {"removed_ids": ["17"], "removal_errors": []}},
)
class RemoveExternalIds(IdentityCall):
    permission = "users.external_ids.remove"
    limit = "external_ids"

    def post(self, request: Request) -> Response:
        items = cleaned(serializers.RemovalsSerializer, request.data)["external_ids"]
        with self.on_record("Removed External IDs") as removed:

            def apply(item: Any) -> None:
                external_id = serializers.read_id(item)
                naming.remove_external_id(self.workspace, external_id)
                removed.append(external_id)

            errors = apply_each(items, apply)
        answer = {"message": "success", "removed_ids": removed, "removal_errors": errors}
        return Response(answer, status=201)
