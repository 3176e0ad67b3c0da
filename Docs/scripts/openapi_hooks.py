"""What schemathesis cannot know of the formats in the documents. Used by Docs/scripts/openapi."""

import schemathesis
from hypothesis import strategies

# Delivery/TextRules.swift: something visible, and nothing that hides or reorders what is around it. Letters, digits and
# marks of punctuation are the safe part of it.
visible = strategies.text(
    strategies.characters(categories=["L", "N", "P", "Sc", "Sm"], exclude_characters="\u115f\u1160\u3164\uffa0"),
    min_size=1)
schemathesis.openapi.format("visible-text", visible)

# Its length counts in octets, too.
password = strategies.text(strategies.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=8, max_size=128)
schemathesis.openapi.format("password", password)
