"""What a channel is, and the registry of all channels.

A channel is one class in one module of this package: its label, its icon, its form, the profiles
that it reaches, what is counted of its messages, what the REST API tells of them.
``campaigns.apps`` imports every module of the package at start-up.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.alternatives import DraftForm
from segments.builder import reach
from segments.filters.base import Label
from segments.trees.tree import Tree

LONGEST_BODY = 400_000


class SendTo(models.TextChoices):
    """The subscription setting of the Audience Summary."""

    SUBSCRIBED = "subscribed", _("users who are subscribed or opted-in")
    OPTED_IN = "opted_in", _("opted-in users only")
    EVERYONE = "everyone", _("all users including unsubscribed users")


@dataclass(frozen=True)
class Channel(ABC):
    """A way to reach people."""

    #: What is stored in ``Campaign.channel``: at most 8 characters, and never changed afterwards.
    key: ClassVar[str]
    label: ClassVar[Label]
    #: The name of an icon of Tabler.
    icon: ClassVar[str]
    #: Asks for the draft of a message.
    form: ClassVar[type[DraftForm]]
    #: The profiles that it reaches, under each subscription setting.
    reaches: ClassVar[dict[SendTo, Tree]]
    #: What is counted of its messages, under the names of the REST API.
    figures: ClassVar[tuple[str, ...]]

    def __str__(self) -> str:
        return self.key

    @abstractmethod
    def details(self, message: dict[str, Any], *, title: str) -> dict[str, Any]:
        """Return what the REST API tells of ``message``, the draft of the campaign ``title``."""


#: One of each class, by its key.
CHANNELS: dict[str, Channel] = {}


def register[C: type[Channel]](channel_class: C) -> C:
    """Enter a channel, as a decorator. Its ``key`` must be its own."""
    key, channel = channel_class.key, channel_class()
    if CHANNELS.setdefault(key, channel) != channel:
        raise ValueError(f"two channels are called {key!r}")
    reach.WAYS[key] = reach.Way(channel.label, channel.icon, channel.reaches[SendTo.SUBSCRIBED])
    return channel_class


def channel_choices() -> Sequence[tuple[str, Label]]:
    return [(key, channel.label) for key, channel in CHANNELS.items()]


def every_reach() -> list[Tree]:
    """Return the trees of all channels and subscription settings, to prepare them at once."""
    return [tree for channel in CHANNELS.values() for tree in channel.reaches.values()]


def text_area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})
