# shellcheck shell=sh
# The next boot is the first: what this one left of a machine of its own is taken away.
cloud-init clean --logs || rm -rf /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/sem
# Stopped, it does not write its seed again when the machine goes off.
systemctl stop systemd-random-seed.service
rm -f /etc/ssh/ssh_host_*_key* /var/lib/systemd/random-seed
: >/etc/machine-id
