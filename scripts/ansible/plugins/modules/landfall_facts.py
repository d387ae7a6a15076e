#!/usr/bin/python
# Copyright the Landfall authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: landfall_facts
short_description: Tells what a machine is to Landfall, and how it stands
version_added: 0.1.0
author: The Landfall authors (@landfall)
description:
  - Runs C(landfall check --facts) and C(landfall status), which change nothing and ask no network.
  - A system that Landfall refuses, and a machine with problems, are facts and no failure.
  - How a machine stands is told to root only; without root, C(status) is null, and a warning says so.
options:
  program:
    description: Where landfall is, on the target.
    type: path
    default: /usr/local/bin/landfall
"""

EXAMPLES = r"""
- name: Look
  become: true
  landfall.ecs_anywhere.landfall_facts:

- name: Tell which instance this is
  ansible.builtin.debug:
    var: ansible_facts.landfall.status.registration.instance_id
  when: ansible_facts.landfall.registered
"""

RETURN = r"""
ansible_facts:
  description: Facts, below C(landfall).
  returned: always
  type: dict
  contains:
    landfall:
      description: What landfall says; C(installed) alone where there is no landfall.
      returned: always
      type: dict
      contains:
        installed:
          description: Whether the program is there.
          type: bool
          returned: always
        supported:
          description: Whether Landfall takes this system.
          type: bool
          returned: when installed
        registered:
          description: Whether this machine has an identity.
          type: bool
          returned: always
        distro:
          description: The release, and how far it is supported.
          type: dict
          returned: when installed
        facts:
          description: What decides what C(landfall up) does.
          type: dict
          returned: when installed
        status:
          description: What C(landfall status --json) prints, with C(problems).
          type: dict
          returned: when installed
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.landfall.ecs_anywhere.plugins.module_utils.program import PROGRAM, call


def main():
    module = AnsibleModule(
        argument_spec=dict(program=dict(type="path", default=PROGRAM)),
        supports_check_mode=True,
    )
    if not os.path.exists(module.params["program"]):
        module.exit_json(ansible_facts=dict(landfall=dict(installed=False, registered=False)))
    facts = call(module, ["check", "--facts", "--json"])
    if facts.data is None:
        module.fail_json(**facts.failure())
    status = call(module, ["status", "--json"])
    if status.data is None:
        module.warn("landfall status: %s" % status.failure()["msg"])
    told = dict(
        installed=True,
        supported=facts.code == 0,
        registered=bool((status.data or facts.data["facts"]).get("registration")),
        distro=facts.data["distro"],
        facts=facts.data["facts"],
        status=status.data,
    )
    module.exit_json(ansible_facts=dict(landfall=told))


if __name__ == "__main__":
    main()
