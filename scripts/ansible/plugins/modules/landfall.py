#!/usr/bin/python
# Copyright the Landfall authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: landfall
short_description: Makes a machine an Amazon ECS Anywhere external instance, or what it was before
version_added: 0.1.0
author: The Landfall authors (@landfall)
description:
  - Runs C(landfall up), or C(landfall uninstall), and says whether something changed.
  - The parameters besides I(state), I(program), I(config) and I(activation) are the flags of C(landfall up), with underscores.
  - Needs root, so mostly I(become=true).
  - Check mode runs C(landfall plan), which looks at this machine and says of each step whether it is already so.
  - Diff mode shows the files of the plan; of those that others write too, Landfall's own keys.
options:
  state:
    description: C(present) runs C(landfall up), C(absent) C(landfall uninstall).
    type: str
    choices: [present, absent]
    default: present
  program:
    description: Where landfall is, on the target.
    type: path
    default: /usr/local/bin/landfall
  config:
    description: Configuration file on the target, instead of C(/etc/landfall/config.toml).
    type: path
  activation:
    description:
      - What C(aws ssm create-activation) printed, as a table or as its text, or the bare code with I(activation_id) beside it.
      - Not needed where the machine is registered, or where its configuration or a systemd credential has it.
      - Landfall is given it on standard input. It is on no command line, and Landfall writes it into no file.
    type: raw
  region:
    description: AWS region, such as C(eu-central-1).
    type: str
  cluster:
    description: ECS cluster to join, by its name.
    type: str
  activation_id:
    description: Id of the activation, where I(activation) is a bare code.
    type: str
  attribute:
    description: Custom attributes of the instance.
    type: dict
  tag:
    description: Tags of the instance.
    type: dict
  allow:
    description: Go on where Landfall refuses to otherwise.
    type: list
    elements: str
    choices: [container, wsl, ec2]
  docker_install_source:
    description: Where Docker may come from.
    type: str
    choices: [all, docker, distro, none]
  docker_mirror:
    description: Base address of a mirror of Docker's repository.
    type: str
  docker_trust_fingerprint:
    description: Fingerprint of the primary key that signs the repository of I(docker_mirror).
    type: str
  ecs_version:
    description: Version of the ECS agent instead of the latest.
    type: str
  ssm_version:
    description: Version of the SSM agent instead of the latest.
    type: str
  mirror:
    description: Base address of a mirror of the agents' packages.
    type: str
  deb_url:
    description: Address of the ECS agent's .deb.
    type: str
  rpm_url:
    description: Address of the ECS agent's .rpm.
    type: str
  trust_key:
    description: Certificate on the target whose primary key's signature counts besides AWS's.
    type: path
  trust_fingerprint:
    description: Fingerprint that the certificate of I(trust_key) must have.
    type: str
  package_sha256:
    description: SHA-256 that the package of I(deb_url) or I(rpm_url) must have.
    type: str
  allow_downgrade:
    description: Let an older version of an agent take the place of a newer one.
    type: bool
    default: false
  expect_account:
    description: AWS account that the activation must belong to. Write it in quotes.
    type: str
  exec_version:
    description: Version of the SSM agent whose programs ECS Exec uses.
    type: str
  certs_file:
    description: Certificates on the target that ECS Exec trusts inside containers.
    type: path
  proxy:
    description: "Proxy for Landfall, the package manager, both agents and a Docker that Landfall brings; C(\"\") for none."
    type: str
  no_proxy:
    description: Hosts to reach without the proxy, separated by commas.
    type: str
  ecs_endpoint:
    description: ECS endpoint instead of the region's own.
    type: str
  ip_compatibility:
    description: Addresses to use.
    type: str
    choices: [ipv4, ipv6]
  selinux:
    description: Let SELinux only tell what it would refuse, where it enforces.
    type: str
    choices: [permissive]
  lock_timeout:
    description: Seconds to wait while another process holds the package manager's lock.
    type: int
  agent_timeout:
    description: Seconds to wait for the agent to register.
    type: int
  policy:
    description: Policy of first boots, on the target.
    type: path
  skip_registration:
    description: Install, but do not register.
    type: bool
    default: false
  no_start:
    description: Register, but do not start the ECS agent.
    type: bool
    default: false
  enable_gpu:
    description: Let tasks use NVIDIA GPUs.
    type: bool
    default: false
  skip_gpg_check:
    description: Let I(package_sha256) stand in for the signature of the package.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Join the cluster
  become: true
  landfall.ecs_anywhere.landfall:
    region: eu-central-1
    cluster: factory
    activation: "{{ activation }}"
    attribute:
      site: a

- name: Put back what was there before
  become: true
  landfall.ecs_anywhere.landfall:
    state: absent
"""

RETURN = r"""
instance:
  description: The identity of this machine, and what the ECS agent says of itself.
  type: dict
  returned: when I(state=present), and not in check mode
steps:
  description: What was done, and why, or in check mode what would be; what was already so is left out.
  type: list
  elements: dict
  returned: when I(state=present)
findings:
  description: What Landfall found that blocks, warns or is good to know.
  type: list
  elements: dict
  returned: when I(state=present), and not in check mode
leftovers:
  description: What could not be put back, a sentence each.
  type: list
  elements: str
  returned: when I(state=absent), and not in check mode
exit_code:
  description: The exit code of landfall.
  type: int
  returned: on failure
hint:
  description: What to do now.
  type: str
  returned: on failure
"""

import json
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.landfall.ecs_anywhere.plugins.module_utils import planned
from ansible_collections.landfall.ecs_anywhere.plugins.module_utils.program import PROGRAM, call

RECEIPT = "/var/lib/landfall/receipt.json"

# The flags of 'landfall up'. A test holds them against its declaration.
FLAGS = dict(
    region=dict(type="str"),
    cluster=dict(type="str"),
    activation_id=dict(type="str"),
    attribute=dict(type="dict"),
    tag=dict(type="dict"),
    allow=dict(type="list", elements="str", choices=["container", "wsl", "ec2"]),
    docker_install_source=dict(type="str", choices=["all", "docker", "distro", "none"]),
    docker_mirror=dict(type="str"),
    docker_trust_fingerprint=dict(type="str"),
    ecs_version=dict(type="str"),
    ssm_version=dict(type="str"),
    mirror=dict(type="str"),
    deb_url=dict(type="str"),
    rpm_url=dict(type="str"),
    trust_key=dict(type="path"),
    trust_fingerprint=dict(type="str"),
    package_sha256=dict(type="str"),
    allow_downgrade=dict(type="bool", default=False),
    expect_account=dict(type="str"),
    exec_version=dict(type="str"),
    certs_file=dict(type="path"),
    proxy=dict(type="str"),
    no_proxy=dict(type="str"),
    ecs_endpoint=dict(type="str"),
    ip_compatibility=dict(type="str", choices=["ipv4", "ipv6"]),
    selinux=dict(type="str", choices=["permissive"]),
    lock_timeout=dict(type="int"),
    agent_timeout=dict(type="int"),
    policy=dict(type="path"),
    skip_registration=dict(type="bool", default=False),
    no_start=dict(type="bool", default=False),
    enable_gpu=dict(type="bool", default=False),
    skip_gpg_check=dict(type="bool", default=False),
)


def main():
    module = AnsibleModule(
        argument_spec=dict(
            state=dict(type="str", choices=["present", "absent"], default="present"),
            program=dict(type="path", default=PROGRAM),
            config=dict(type="path"),
            activation=dict(type="raw", no_log=True),
            **FLAGS
        ),
        supports_check_mode=True,
    )
    is_there = os.path.exists(module.params["program"])
    if module.params["state"] == "absent":
        absent(module, is_there)
    elif not is_there and module.check_mode:
        module.exit_json(changed=True, steps=[], msg="landfall is not there yet, so there is no plan to look at")
    elif not is_there:
        module.fail_json(msg="there is no %(program)s: install landfall first, as the role does" % module.params)
    elif module.check_mode:
        foresee(module)
    else:
        up(module)


def up(module):
    before = plan(module) if module._diff else None
    words, activation = ["up", "--json"] + flags(module), given(module.params["activation"])
    if activation:
        words.append("--activation-file=-")
    answer = call(module, words, activation or "")
    if answer.code != 0:
        module.fail_json(**answer.failure())
    findings = answer.data["findings"]
    for finding in findings:
        if finding["severity"] == "warns":
            module.warn("%(sentence)s (%(code)s): %(remedy)s" % finding)
    result = dict(
        changed=answer.data["changed"] > 0,
        instance=answer.data["instance"],
        steps=[step for step in answer.data["steps"] if step["outcome"] != "already-so"],
        findings=findings,
    )
    if before is not None and before.code == 0:
        after = planned.views(before.data)
        result["diff"] = [
            planned.difference(path, was, now)
            for (path, was, _wanted), (_path, now, _same) in zip(before.views, after)
            if was != now
        ]
    module.exit_json(**result)


def foresee(module):
    foreseen = plan(module)
    if foreseen.code != 0:
        module.fail_json(**foreseen.failure())
    if any("foreseen" not in step for step in foreseen.data["steps"]):
        module.fail_json(msg="this landfall is too old for check mode: it does not tell what is already so")
    steps = [step for step in foreseen.data["steps"] if step["foreseen"] != "already-so"]
    differences = [planned.difference(*view) for view in foreseen.views if view[1] != view[2]]
    module.exit_json(changed=bool(steps), steps=steps, diff=differences)


def absent(module, is_there):
    """Only the program can tell how much it took back; that there is something, its receipt shows."""
    receipt = json.loads(planned.text(RECEIPT) or "{}")
    is_receipted = bool(receipt.get("entries"))
    if module.check_mode:
        module.exit_json(changed=is_receipted)
    if not is_there:
        if is_receipted:
            module.fail_json(msg="%s tells of changes, and there is no %s to take them back" % (RECEIPT, module.params["program"]))
        module.exit_json(changed=False, leftovers=[])
    answer = call(module, ["uninstall", "--json"])
    if answer.code != 0:
        module.fail_json(**answer.failure())
    module.exit_json(changed=answer.data["taken_back"] > 0, leftovers=answer.data["leftovers"])


def plan(module):
    """What 'landfall plan' says, and the files of it as they are now. It asks for no activation."""
    answer = call(module, ["plan", "--json"] + flags(module))
    answer.views = planned.views(answer.data) if answer.code == 0 else []
    return answer


def flags(module):
    """The flags of 'landfall up'. Each is one word with its value, so that no value passes for a flag."""
    words = []
    for name in sorted(FLAGS) + ["config"]:
        value, flag = module.params[name], "--" + name.replace("_", "-")
        if value is True:
            words.append(flag)
        elif isinstance(value, dict):
            words += ["%s=%s=%s" % (flag, key, value[key]) for key in sorted(value)]
        elif isinstance(value, list):
            words += ["%s=%s" % (flag, item) for item in value]
        elif value is not None and value is not False:
            words.append("%s=%s" % (flag, value))
    return words


def given(activation):
    """What landfall reads: templates turn JSON into a table."""
    return json.dumps(activation) if isinstance(activation, dict) else activation


if __name__ == "__main__":
    main()
