# Copyright the Landfall authors
# SPDX-License-Identifier: Apache-2.0
"""What a plan of landfall says of files, and what these files say now, for diff mode.

The steps are those of C(landfall plan --json), which itself says what is to be done. Of a file that others write too, only
landfall's own keys are shown: the ECS agent's configuration may hold an operator's passwords.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import json


def views(plan):
    """For each file of the plan, in its order: its path, what it says now, and what it is going to say."""
    told = []
    for step in plan["steps"]:
        if step["step"] in VIEWS:
            now, wanted = VIEWS[step["step"]](text(step["path"]), step)
            told.append((step["path"], now, wanted))
    return told


def difference(path, before, after):
    """As diff mode shows it."""
    return {"before_header": path, "after_header": path, "before": before, "after": after}


def text(path):
    """What a file holds, or nothing where there is none."""
    try:
        with io.open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (IOError, OSError):
        return ""


def whole(now, step):
    return now, step["content"]


def assigned(now, step):
    """Of each key the last assignment, which counts."""
    there = dict(line.lstrip().split("=", 1) for line in now.splitlines() if "=" in line)
    return lines(dict((key, there[key]) for key in step["keys"] if key in there)), lines(step["keys"])


def lines(keys):
    return "".join("%s=%s\n" % pair for pair in sorted(keys.items()))


def merged(now, step):
    try:
        current = json.loads(now or "{}")
    except ValueError:
        current = {}
    return pretty(part(current, step["keys"])), pretty(step["keys"])


def part(current, keys):
    """What is there of these keys."""
    if not isinstance(current, dict) or not isinstance(keys, dict):
        return current
    return dict((key, part(current[key], keys[key])) for key in keys if key in current)


def pretty(value):
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


VIEWS = {"write-file": whole, "env-file": assigned, "merge-json": merged}
