"""Telemetry: the event, its validation, and how foreign records map onto it."""

from skillscope.events.caliper import events_from_caliper
from skillscope.events.foreign import Mapped
from skillscope.events.model import COLLABORATION, LEADERSHIP, Event, EventType
from skillscope.events.validate import parse_event, parse_events
from skillscope.events.xapi import events_from_statements

__all__ = [
    "COLLABORATION",
    "LEADERSHIP",
    "Event",
    "EventType",
    "Mapped",
    "events_from_caliper",
    "events_from_statements",
    "parse_event",
    "parse_events",
]
