"""The calls about identities as the OpenAPI document describes them."""

from rest_framework import serializers

from profiles.identity.who import PRIORITIES


class AliasNameSchema(serializers.Serializer):
    alias_name = serializers.CharField()
    alias_label = serializers.CharField()


class PrioritizedSchema(serializers.Serializer):
    prioritization = serializers.ListField(
        child=serializers.ChoiceField(list(PRIORITIES)),
        help_text="Which of several users: each word narrows them down, until one is left.",
    )


class PrioritizedEmailSchema(PrioritizedSchema):
    email = serializers.CharField()


class PrioritizedPhoneSchema(PrioritizedSchema):
    phone = serializers.CharField()


class AliasToIdentifySchema(serializers.Serializer):
    external_id = serializers.CharField()
    user_alias = AliasNameSchema()


class EmailToIdentifySchema(PrioritizedEmailSchema):
    external_id = serializers.CharField()


class PhoneToIdentifySchema(PrioritizedPhoneSchema):
    external_id = serializers.CharField()


class IdentifyCallSchema(serializers.Serializer):
    """Whom to identify: one array at least, each of at most 50."""

    aliases_to_identify = AliasToIdentifySchema(many=True, required=False)
    emails_to_identify = EmailToIdentifySchema(many=True, required=False)
    phone_numbers_to_identify = PhoneToIdentifySchema(many=True, required=False)


class NewAliasSchema(AliasNameSchema):
    external_id = serializers.CharField(
        required=False, help_text="Whose alias. Without it, a user who has only the alias."
    )


class NewAliasesCallSchema(serializers.Serializer):
    """At most 50 aliases."""

    user_aliases = NewAliasSchema(many=True)


class AliasUpdateSchema(serializers.Serializer):
    alias_label = serializers.CharField()
    old_alias_name = serializers.CharField()
    new_alias_name = serializers.CharField()


class AliasUpdatesCallSchema(serializers.Serializer):
    """At most 50 aliases to rename."""

    alias_updates = AliasUpdateSchema(many=True)


class IdentifierSchema(serializers.Serializer):
    """One of the first four; with an e-mail address or a phone number also the prioritization."""

    external_id = serializers.CharField(required=False)
    user_alias = AliasNameSchema(required=False)
    email = serializers.CharField(required=False)
    phone = serializers.CharField(required=False)
    prioritization = serializers.ListField(
        child=serializers.ChoiceField(list(PRIORITIES)), required=False
    )


class MergeUpdateSchema(serializers.Serializer):
    identifier_to_merge = IdentifierSchema()
    identifier_to_keep = IdentifierSchema()


class MergeCallSchema(serializers.Serializer):
    """At most 50 pairs."""

    merge_updates = MergeUpdateSchema(many=True)


class DeleteCallSchema(serializers.Serializer):
    """Whom to delete: one array at least, all of them together at most 50."""

    external_ids = serializers.ListField(child=serializers.CharField(), required=False)
    user_aliases = AliasNameSchema(many=True, required=False)
    braze_ids = serializers.ListField(child=serializers.CharField(), required=False)
    email_addresses = PrioritizedEmailSchema(many=True, required=False)
    phone_numbers = PrioritizedPhoneSchema(many=True, required=False)


class RenameSchema(serializers.Serializer):
    current_external_id = serializers.CharField()
    new_external_id = serializers.CharField()


class RenamesCallSchema(serializers.Serializer):
    """1 to 50 renames."""

    external_id_renames = RenameSchema(many=True)


class RemovalsCallSchema(serializers.Serializer):
    """1 to 50 deprecated external ids."""

    external_ids = serializers.ListField(child=serializers.CharField())


# Answers


class IdentityMessageSchema(serializers.Serializer):
    message = serializers.CharField()


class IdentityErrorSchema(serializers.Serializer):
    type = serializers.CharField(help_text="Why the item was not applied.")
    input_array = serializers.CharField()
    index = serializers.IntegerField()


class IdentityAnswerSchema(IdentityMessageSchema):
    errors = IdentityErrorSchema(many=True, required=False)  # type: ignore[assignment]


class AliasesAnswerSchema(IdentityAnswerSchema):
    aliases_processed = serializers.IntegerField()


class DeletedAnswerSchema(IdentityAnswerSchema):
    deleted = serializers.IntegerField()


class RenamesAnswerSchema(IdentityMessageSchema):
    external_ids = serializers.ListField(
        child=serializers.CharField(), help_text="The new external ids that were given."
    )
    rename_errors = serializers.ListField(
        child=serializers.ListField(), help_text="Each the index of a rename, and why not."
    )


class RemovalsAnswerSchema(IdentityMessageSchema):
    removed_ids = serializers.ListField(child=serializers.CharField())
    removal_errors = serializers.ListField(
        child=serializers.ListField(), help_text="Each the index of an external id, and why not."
    )
