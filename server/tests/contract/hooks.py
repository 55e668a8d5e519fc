"""What schemathesis cannot guess: ids that exist, and how a part of an upload is written.

A generated id belongs to nobody, so without this every request would end at 404 before the code behind it runs.
"""

import json
import os

import schemathesis

# Real ids by the name of their field; made by contract.py before the run.
KNOWN = json.loads(os.environ.get("AYUMI_CONTRACT_IDS", "{}"))

# A long poll that nobody answers waits for as long as it may; the tests of waiting have a clock of their own.
LONGEST_WAIT_MS = 100
LONG_POLL_MOST_MS = 25_000

# Words that are open to later versions, so that their schema admits any.
WORDS = {"status": "active", "media_type": "image/jpeg"}


def with_known_ids(value):
    """The same value with ids that exist; what is no text stays, because it was generated to be wrong."""
    if isinstance(value, dict):
        return {name: known(name, part) for name, part in value.items()}
    if isinstance(value, list):
        return [with_known_ids(part) for part in value]
    return value


def known(name, part):
    if isinstance(part, str) and name in WORDS and part:
        return WORDS[name]
    if isinstance(part, str) and name in KNOWN and len(part) == 36:
        return KNOWN[name]
    if name == "wait_ms" and isinstance(part, int) and LONGEST_WAIT_MS < part <= LONG_POLL_MOST_MS:
        return LONGEST_WAIT_MS
    return with_known_ids(part)


@schemathesis.hook
def before_call(context, case, kwargs):
    # Not `map_body`: that one is asked for generated bodies alone, and not for those at the edges of the schemas.
    case.body = with_known_ids(case.body)


@schemathesis.serializer("application/offset+octet-stream")
def part_of_an_upload(context, value):
    return value if isinstance(value, bytes) else str(value).encode()
