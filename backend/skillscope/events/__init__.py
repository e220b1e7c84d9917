"""Telemetry: the event and how foreign records map onto it."""

from skillscope.events.model import COLLABORATION, LEADERSHIP, Event, EventType

__all__ = ["COLLABORATION", "LEADERSHIP", "Event", "EventType"]
