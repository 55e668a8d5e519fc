"""What schemathesis cannot guess: ids that exist, and how a part of an upload is written.

A generated id belongs to nobody, so without this every request would end at 404 before the code behind it runs.
"""

import json
import os

import schemathesis

# Real ids by the name of their field; made by contract.py before the run.
KNOWN = json.loads(os.environ.get("AYUMI_CONTRACT_IDS", "{}"))


def with_known_ids(value):
    """The same value with ids that exist; what is no text stays, because it was generated to be wrong."""
    if isinstance(value, dict):
        return {
            name: KNOWN[name] if name in KNOWN and isinstance(part, str) and len(part) == 36 else with_known_ids(part)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [with_known_ids(part) for part in value]
    return value


@schemathesis.hook
def map_body(context, body):
    return with_known_ids(body)


@schemathesis.serializer("application/offset+octet-stream")
def part_of_an_upload(context, value):
    return value if isinstance(value, bytes) else str(value).encode()
