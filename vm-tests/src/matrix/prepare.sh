#!/bin/sh
# Run once, by cloud-init, in a vendor's image: brings what it has to know of the tests' world, takes away what this
# boot left, and powers off. Where it fails the machine stays on, and whoever waits for it shows its console.
cd /run/world || exit 1
# Where the machine stays in the tests' world, only its packages can be reached.
[ -e outward ] || rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
tar -C / -xf files.tar --no-same-owner

# The authority of the world, by whatever this distribution has for that.
authority=/usr/local/share/ca-certificates/test-authority.crt
if command -v update-ca-trust >/dev/null; then
    cp $authority /etc/pki/ca-trust/source/anchors/
    update-ca-trust extract
elif [ -d /etc/pki/trust/anchors ]; then
    cp $authority /etc/pki/trust/anchors/
    update-ca-certificates
else
    update-ca-certificates
fi

# cloud-init would write the names and the package sources of its own at the next boot.
printf 'apt: {preserve_sources_list: true}\nmanage_etc_hosts: false\n' >/etc/cloud/cloud.cfg.d/90-tests.cfg
systemctl enable landfall-test-agent.service
if command -v restorecon >/dev/null; then
    restorecon -F /usr/local/sbin/landfall-test-agent /etc/systemd/system/landfall-test-agent.service /etc/hosts
fi

sh -e forget
echo "prepared for tests" >/dev/console
sync
systemctl --no-block poweroff
