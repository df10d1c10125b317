"""What the reading calls of campaigns and Canvases are asked, and what they answer."""

from typing import Any

from rest_framework import serializers

from rest.queries import MomentField, PageQuery, SeriesQuery, Success, one_message

#: The days of a Canvas's longest series.
LONGEST_OF_CANVAS = 14
EDITED_AFTER = "last_edit.time[gt]"


class TargetedPageQuery(PageQuery):
    """A page of the campaigns or Canvases that were edited after a moment."""

    include_archived = serializers.BooleanField(
        default=False, error_messages=one_message("`include_archived` must be `true` or `false`")
    )

    def get_fields(self) -> dict[str, Any]:
        # No Python name can be that of this parameter.
        edited_after = MomentField(
            source="edited_after", required=False, help_text="Only those edited after this time."
        )
        return super().get_fields() | {EDITED_AFTER: edited_after}


class DraftQuery(serializers.Serializer):
    post_launch_draft_version = serializers.BooleanField(
        default=False,
        help_text="Without effect: nothing is launched yet.",
        error_messages=one_message("`post_launch_draft_version` must be `true` or `false`"),
    )


class CampaignQuery(serializers.Serializer):
    campaign_id = serializers.UUIDField(
        help_text="The campaign's API identifier.",
        error_messages=one_message("`campaign_id` must be the identifier of a campaign"),
    )


class CampaignDetailsQuery(CampaignQuery, DraftQuery):
    """Which campaign."""


class CampaignSeriesQuery(CampaignQuery, SeriesQuery):
    """Which campaign, and which days."""


class CanvasQuery(serializers.Serializer):
    canvas_id = serializers.UUIDField(
        help_text="The Canvas's API identifier.",
        error_messages=one_message("`canvas_id` must be the identifier of a Canvas"),
    )


class CanvasDetailsQuery(CanvasQuery, DraftQuery):
    """Which Canvas."""


class CanvasSeriesQuery(CanvasQuery):
    """Which Canvas, and which days: so many, or since when; up to 14."""

    ending_at = MomentField(required=False, help_text="By default now.")
    starting_at = MomentField(required=False, help_text="Needed where `length` is not given.")
    length = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=LONGEST_OF_CANVAS,
        help_text="Days. Needed where `starting_at` is not given.",
        error_messages=one_message(f"`length` must be a number from 1 to {LONGEST_OF_CANVAS}"),
    )
    include_variant_breakdown = serializers.BooleanField(
        default=False,
        error_messages=one_message("`include_variant_breakdown` must be `true` or `false`"),
    )
    include_step_breakdown = serializers.BooleanField(
        default=False,
        error_messages=one_message("`include_step_breakdown` must be `true` or `false`"),
    )
    include_deleted_step_data = serializers.BooleanField(
        default=False,
        help_text="Without effect: a Canvas has no steps yet.",
        error_messages=one_message("`include_deleted_step_data` must be `true` or `false`"),
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "length" not in attrs and "starting_at" not in attrs:
            raise serializers.ValidationError("Either `length` or `starting_at` is required")
        return attrs


class TargetedRow(serializers.Serializer):
    id = serializers.UUIDField()
    last_edited = serializers.DateTimeField(source="updated_at")
    name = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())


class CampaignRow(TargetedRow):
    # A campaign that is triggered by the API does not exist yet.
    is_api_campaign = serializers.BooleanField(default=False, read_only=True)


class CampaignList(Success):
    campaigns = CampaignRow(many=True)


class CanvasList(Success):
    canvases = TargetedRow(many=True)


class TargetedDetails(Success):
    """What the details of a campaign and of a Canvas share. Nothing is launched yet."""

    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    archived = serializers.BooleanField()
    draft = serializers.BooleanField()
    enabled = serializers.BooleanField()
    has_post_launch_draft = serializers.BooleanField()
    name = serializers.CharField()
    description = serializers.CharField()
    schedule_type = serializers.CharField(allow_null=True)
    channels = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())
    teams = serializers.ListField(child=serializers.CharField(), help_text="There are none.")


class CampaignDetails(TargetedDetails):
    first_sent = serializers.DateTimeField(allow_null=True)
    last_sent = serializers.DateTimeField(allow_null=True)
    messages = serializers.DictField(
        child=serializers.DictField(), help_text="By identifier; the fields are those of a channel."
    )
    conversion_behaviors = serializers.ListField(child=serializers.DictField())


class CanvasDetails(TargetedDetails):
    first_entry = serializers.DateTimeField(allow_null=True)
    last_entry = serializers.DateTimeField(allow_null=True)
    variants = serializers.ListField(child=serializers.DictField())
    steps = serializers.ListField(child=serializers.DictField())


class CampaignDay(serializers.Serializer):
    time = serializers.DateField()
    conversions = serializers.IntegerField()
    conversions_by_send_time = serializers.IntegerField()
    revenue = serializers.FloatField()
    unique_recipients = serializers.IntegerField()
    messages = serializers.DictField(
        child=serializers.ListField(child=serializers.DictField()),
        help_text="By channel, the figures of each variation.",
    )


class CampaignSeries(Success):
    # The metaclass takes the field away: the property of the same name stays.
    data = CampaignDay(many=True)  # type: ignore[assignment]


class CanvasTotals(serializers.Serializer):
    revenue = serializers.FloatField()
    conversions = serializers.IntegerField()
    conversions_by_entry_time = serializers.IntegerField()
    entries = serializers.IntegerField()


class CanvasDay(serializers.Serializer):
    time = serializers.DateField()
    total_stats = CanvasTotals()
    variant_stats = serializers.DictField(required=False)
    step_stats = serializers.DictField(required=False)


class CanvasStats(serializers.Serializer):
    name = serializers.CharField()
    stats = CanvasDay(many=True)


class CanvasSeries(Success):
    data = CanvasStats()  # type: ignore[assignment]
