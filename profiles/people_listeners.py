"""Who is told what changed about people: the event streams of connectors."""

from profiles.streaming import EventStreams
from profiles.telling import register

register(EventStreams())
