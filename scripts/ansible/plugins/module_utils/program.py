# Copyright the Landfall authors
# SPDX-License-Identifier: Apache-2.0
"""How landfall is called, and what it says: data on standard output, an error with its hint on standard error."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

PROGRAM = "/usr/local/bin/landfall"

# What an exit code means, for whoever reads the failure.
MEANING = {
    1: "failed on the way; run it again, it goes on where it stopped",
    2: "wrong usage or an unsupported machine; nothing was touched",
    3: "problems were found",
}


class Answer(object):
    """What a call of landfall came to."""

    def __init__(self, code, out, err):
        self.code = code
        self.err = err
        try:
            self.data = json.loads(out)
        except ValueError:
            self.data = None

    def failure(self):
        """What fail_json is given."""
        error = (self.data or {}).get("error") or said(self.err)
        meaning = MEANING.get(self.code, "landfall ended with exit code %s" % self.code)
        sentences = ["%s (%s)" % (error["what"] or "landfall told no reason", meaning)]
        sentences += ["while: %s" % doing for doing in error["while"]]
        if error["hint"]:
            sentences.append("hint: %s" % error["hint"])
        return {
            "msg": "\n".join(sentences),
            "exit_code": self.code,
            "hint": error["hint"],
            "findings": (self.data or {}).get("findings", []),
        }


def said(err):
    """An error as landfall prints it for people."""
    error = {"what": None, "while": [], "hint": None}
    for line in err.splitlines():
        name, colon, rest = line.partition(": ")
        if name == "error":
            error["what"] = rest
        elif name == "while":
            error["while"].append(rest)
        elif name == "hint":
            error["hint"] = rest
    return error


def call(module, words, data=None):
    """Runs landfall with these words, and this on its standard input."""
    code, out, err = module.run_command([module.params["program"]] + words, data=data, binary_data=False)
    return Answer(code, out, err)
