"""What a caller may ask of figures and of names, and what comes back."""

import base64
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from profiles.attributes import NAME_LENGTH, is_storable
from rest.queries import LAST_PAGE, SeriesQuery, Success, one_message

NO_CURSOR = "`cursor` is not one of ours"


class TextField(serializers.CharField):
    """A text as it was sent; ``message`` says what is wrong, whatever it is."""

    def __init__(self, message: str, **kwargs: Any) -> None:
        messages = one_message(message) | {"max_length": message}
        super().__init__(trim_whitespace=False, error_messages=messages, **kwargs)

    def run_validation(self, data: Any = empty) -> Any:
        if isinstance(data, str) and not is_storable(data):
            self.fail("invalid")
        return super().run_validation(data)


class NameField(TextField):
    """The name of an event, a product or an app."""

    def __init__(self, what: str, **kwargs: Any) -> None:
        message = f"`{what}` must be a string of 1 to {NAME_LENGTH} characters"
        super().__init__(message, max_length=NAME_LENGTH, **kwargs)


class FiguresQuery(SeriesQuery):
    """So many days, in one app or in all of them."""

    app_id = NameField("app_id", default=None, help_text="By default all apps.")


class UnitsQuery(FiguresQuery):
    """So many days or hours."""

    unit = serializers.ChoiceField(
        ["day", "hour"], default="day", error_messages=one_message("`unit` must be day or hour")
    )


class PurchasesQuery(UnitsQuery):
    """So many days or hours of one product or of all."""

    product = NameField("product", default=None, help_text="By default all products.")


class NamesQuery(serializers.Serializer):
    """A page of names."""

    page = serializers.IntegerField(
        default=0,
        min_value=0,
        max_value=LAST_PAGE,
        help_text="From 0; a page has 250.",
        error_messages=one_message(f"`page` must be a number from 0 to {LAST_PAGE}"),
    )


class CursorQuery(serializers.Serializer):
    """Where a page begins."""

    cursor = TextField(
        NO_CURSOR,
        default="",
        allow_blank=True,
        help_text="As in the `Link` header of the page before.",
    )

    def validate_cursor(self, cursor: str) -> str:
        """Return the name after which the page begins."""
        try:
            name = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
        except ValueError:
            raise serializers.ValidationError(NO_CURSOR) from None
        if not is_storable(name):
            raise serializers.ValidationError(NO_CURSOR)
        return name


def cursor_after(name: str) -> str:
    """Return the cursor of the page that begins after ``name``."""
    return base64.urlsafe_b64encode(name.encode()).decode()


# What comes back


class EventNames(Success):
    events = serializers.ListField(child=serializers.CharField())


class ProductNames(Success):
    products = serializers.ListField(child=serializers.CharField())


class CustomAttributeRow(serializers.Serializer):
    array_length = serializers.IntegerField(
        allow_null=True, help_text="The most items that are kept; null unless it is an array."
    )
    data_type = serializers.CharField()
    description = serializers.CharField()
    name = serializers.CharField()
    status = serializers.CharField()
    tag_names = serializers.ListField(child=serializers.CharField())


class CustomAttributeRows(Success):
    attributes = CustomAttributeRow(many=True)


def series_schema(figure: str, kind: type[serializers.Field]) -> type[serializers.Serializer]:
    """Return what the answer of a series is like whose points say ``figure``."""
    title = "".join(part.title() for part in figure.split("_"))
    time = serializers.CharField(help_text="A date, or with hours when one begins.")
    point = type(f"{title}Point", (serializers.Serializer,), {"time": time, figure: kind()})
    return type(f"{title}Series", (Success,), {"data": point(many=True)})
