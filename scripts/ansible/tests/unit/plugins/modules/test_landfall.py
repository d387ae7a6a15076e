# Copyright the Landfall authors
# SPDX-License-Identifier: Apache-2.0
"""The modules as a target runs them, each a process of its own, with the fake of landfall beside these tests."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

COLLECTION = os.path.abspath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "..", ".."))
FAKE = os.path.join(COLLECTION, "tests", "fake", "landfall")
OPTIONS = os.path.join(COLLECTION, "..", "..", "installer", "src", "cli", "options.rs")
ACTIVATION = {"ActivationId": "11111111-2222-3333-4444-555555555555", "ActivationCode": "GoodCodeGoodCode1234"}
JOIN = dict(region="eu-central-1", cluster="factory")
MAIN = """
import sys
from ansible_collections.landfall.ecs_anywhere.plugins.modules import %s as module
module.RECEIPT = sys.argv.pop()
module.main()
"""


class Machine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def run_module(self, name, check=False, diff=False, **params):
        params.setdefault("program", FAKE)
        params.update(_ansible_check_mode=check, _ansible_diff=diff, _ansible_remote_tmp=self.folder)
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN % name, self.path("receipt.json")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(os.environ, FAKE_MACHINE=self.folder),
        )
        out, err = process.communicate(json.dumps({"ANSIBLE_MODULE_ARGS": params}).encode())
        self.assertTrue(out, err.decode())
        self.said = out.decode() + err.decode()
        return json.loads(out.decode())

    def landfall(self, **params):
        return self.run_module("landfall", **params)

    def path(self, name):
        return os.path.join(self.folder, name)

    def put(self, name, text):
        with io.open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text if isinstance(text, type(u"")) else text.decode())

    def text(self, name):
        with io.open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def calls(self):
        return self.text("log").splitlines()

    def test_a_machine_joins_once_and_a_second_run_changes_nothing(self):
        first = self.landfall(activation=ACTIVATION, **JOIN)
        self.assertTrue(first["changed"], first)
        self.assertEqual(first["instance"]["registration"]["instance_id"], "mi-0123456789abcdef0")
        self.assertEqual([step["outcome"] for step in first["steps"]], ["done"])
        self.assertIn("there is little memory (memory-low): add some", first["warnings"])
        second = self.landfall(**JOIN)
        self.assertEqual((second["changed"], second["steps"]), (False, []))

    def test_an_activation_goes_by_standard_input_alone(self):
        for activation in [ACTIVATION, json.dumps(ACTIVATION)]:
            self.landfall(activation=activation, **JOIN)
            self.assertEqual(json.loads(self.text("registered")), ACTIVATION)
            self.assertNotIn(ACTIVATION["ActivationCode"], self.text("log"))
            self.assertNotIn(ACTIVATION["ActivationCode"], self.said)
            self.assertIn("--activation-file=-", self.text("log"))
            os.remove(self.path("registered"))
        self.landfall(activation=ACTIVATION["ActivationCode"], activation_id=ACTIVATION["ActivationId"], **JOIN)
        self.assertEqual(self.text("registered"), ACTIVATION["ActivationCode"])

    def test_parameters_are_flags_each_one_word_with_its_value(self):
        self.landfall(
            activation=ACTIVATION, attribute={"site": "a b", "rack": 7}, allow=["ec2", "wsl"], no_start=True,
            enable_gpu=False, proxy="", lock_timeout=30, config="/etc/x.toml", **JOIN
        )
        self.assertEqual(
            self.calls()[-1],
            "up --json --allow=ec2 --allow=wsl --attribute=rack=7 --attribute=site=a b --cluster=factory"
            " --lock-timeout=30 --no-start --proxy= --region=eu-central-1 --config=/etc/x.toml --activation-file=-",
        )

    def test_every_flag_of_up_is_a_parameter(self):
        if not os.path.exists(OPTIONS):
            self.skipTest("the collection is not in landfall's repository")
        with io.open(OPTIONS, encoding="utf-8") as file:
            declaration = file.read().split("pub struct Options {")[1].split("\n}\n")[0]
        declared = set(line.split()[1].rstrip(":") for line in declaration.splitlines() if line.startswith("    pub "))
        with io.open(os.path.join(COLLECTION, "plugins", "modules", "landfall.py"), encoding="utf-8") as file:
            flags = file.read().split("FLAGS = dict(\n")[1].split("\n)\n")[0]
        ours = set(line.strip().split("=")[0] for line in flags.splitlines())
        # These are what 'activation' stands for.
        self.assertEqual(declared - ours, set(["activation_file", "activation_code"]))
        self.assertEqual(ours - declared, set())
        for name in ["roles/landfall/tasks/present.yml", "roles/landfall/meta/argument_specs.yml"]:
            with io.open(os.path.join(COLLECTION, name), encoding="utf-8") as file:
                text = file.read()
            for option in ours:
                self.assertIn("landfall_" + option, text)

    def test_check_mode_foresees_and_touches_nothing(self):
        foreseen = self.landfall(check=True, **JOIN)
        self.assertTrue(foreseen["changed"])
        self.assertEqual([step["step"] for step in foreseen["steps"]], ["write-file", "env-file", "merge-json", "register"])
        self.assertEqual([line.split()[0] for line in self.calls()], ["plan"])
        self.assertNotIn("activation", self.text("log"))
        self.landfall(activation=ACTIVATION, **JOIN)
        self.assertFalse(self.landfall(check=True, **JOIN)["changed"])
        other = self.landfall(check=True, region="eu-central-1", cluster="other")
        self.assertEqual([step["step"] for step in other["steps"]], ["env-file"])
        self.assertFalse(self.landfall(**JOIN)["changed"])

    def test_check_mode_without_the_program_says_that_it_would_change(self):
        foreseen = self.landfall(check=True, program=self.path("missing"), **JOIN)
        self.assertTrue(foreseen["changed"])
        failed = self.landfall(program=self.path("missing"), **JOIN)
        self.assertTrue(failed["failed"])
        self.assertIn("install landfall first", failed["msg"])

    def test_diff_mode_shows_own_keys_and_no_password_of_somebody_else(self):
        first = self.landfall(diff=True, activation=ACTIVATION, **JOIN)
        self.assertEqual(len(first["diff"]), 3, first)
        for check in [True, False]:
            other = self.landfall(check=check, diff=True, region="eu-central-1", cluster="other")
            (change,) = other["diff"]
            self.assertEqual(change["before"], "AWS_DEFAULT_REGION=eu-central-1\nECS_CLUSTER=factory\n")
            self.assertEqual(change["after"], "AWS_DEFAULT_REGION=eu-central-1\nECS_CLUSTER=other\n")
            self.assertNotIn("secret of the operator", self.said)

    def test_a_failure_has_what_while_and_hint_and_whose_turn_it_is(self):
        self.put("fails", u"1")
        failed = self.landfall(activation=ACTIVATION, **JOIN)
        self.assertEqual(failed["exit_code"], 1)
        self.assertEqual(
            failed["msg"].splitlines(),
            [
                "the disk is full (failed on the way; run it again, it goes on where it stopped)",
                "while: installing docker.io",
                "hint: make room there",
            ],
        )
        refused = self.landfall(**JOIN)
        self.assertEqual((refused["exit_code"], refused["hint"]), (2, "make one"))
        self.assertIn("no activation was given (wrong usage or an unsupported machine; nothing was touched)", refused["msg"])
        foreseen = self.landfall(check=True)
        self.assertEqual(foreseen["exit_code"], 2)
        self.assertIn("no region was given", foreseen["msg"])

    def test_absent_takes_back_once(self):
        self.landfall(activation=ACTIVATION, **JOIN)
        self.put("receipt.json", u'{"version": 1, "entries": [{}]}')
        self.assertTrue(self.landfall(check=True, state="absent")["changed"])
        self.assertTrue(self.landfall(state="absent")["changed"])
        os.remove(self.path("receipt.json"))
        self.assertFalse(self.landfall(state="absent")["changed"])
        self.assertFalse(self.landfall(check=True, state="absent")["changed"])

    def test_absent_without_the_program_is_nothing_to_do_unless_there_is_a_receipt(self):
        missing = self.path("missing")
        self.assertFalse(self.landfall(state="absent", program=missing)["changed"])
        self.put("receipt.json", u'{"version": 1, "entries": [{}]}')
        self.assertTrue(self.landfall(state="absent", program=missing)["failed"])

    def test_facts_are_told_of_machines_with_and_without_landfall_and_change_nothing(self):
        none = self.run_module("landfall_facts", program=self.path("missing"))
        self.assertEqual(none["ansible_facts"]["landfall"], {"installed": False, "registered": False})
        before = self.run_module("landfall_facts")["ansible_facts"]["landfall"]
        self.assertEqual((before["installed"], before["supported"], before["registered"]), (True, True, False))
        self.assertEqual(before["status"]["problems"][0]["code"], "not-registered")
        self.landfall(activation=ACTIVATION, **JOIN)
        after = self.run_module("landfall_facts")["ansible_facts"]["landfall"]
        self.assertEqual((after["registered"], after["status"]["problems"]), (True, []))
        self.assertEqual([line.split()[0] for line in self.calls()], ["check", "status", "up", "check", "status"])

    def test_the_program_itself_answers_in_these_shapes(self):
        program = os.environ.get("LANDFALL_PROGRAM")
        if not program:
            self.skipTest("LANDFALL_PROGRAM names no landfall")
        told = self.run_module("landfall_facts", program=program)["ansible_facts"]["landfall"]
        self.assertTrue("release" in told["distro"] and "registration" in told["facts"], told)
        failed = self.landfall(check=True, program=program, region="nowhere")
        self.assertEqual(failed["exit_code"], 2)
        self.assertIn("'nowhere' is not the name of a region", failed["msg"])
        self.assertIn("hint: a region is named like", failed["msg"])


if __name__ == "__main__":
    unittest.main()
