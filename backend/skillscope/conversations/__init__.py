"""Conversations that show given patterns on a topic: made, checked, reviewed, combined, converted."""

from skillscope.conversations.check import CheckReport, check_conversations
from skillscope.conversations.combine import combine_conversations
from skillscope.conversations.convert import FORMATS, convert_conversations
from skillscope.conversations.generate import (
    ConversationJob,
    estimate_conversations,
    generate_conversations,
    output_path,
)
from skillscope.conversations.library import LIBRARIES, load_library
from skillscope.conversations.review import draw_review, read_review

__all__ = [
    "FORMATS",
    "LIBRARIES",
    "CheckReport",
    "ConversationJob",
    "check_conversations",
    "combine_conversations",
    "convert_conversations",
    "draw_review",
    "estimate_conversations",
    "generate_conversations",
    "load_library",
    "output_path",
    "read_review",
]
