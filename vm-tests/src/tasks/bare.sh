#!/bin/sh
# The floor that `landfall up` is measured against: the same work by the shortest list of commands,
# with no checks, no receipt and no way back. Runs in a guest by sh.
set -e
s3=https://s3.us-east-1.amazonaws.com
ssm=$s3/amazon-ssm-us-east-1/latest/debian_amd64/amazon-ssm-agent.deb
ecs=$s3/amazon-ecs-agent-us-east-1/amazon-ecs-init-latest.amd64.deb
# A bare Debian has no curl; apt's own downloader does the same with the same certificates.
fetch() { /usr/lib/apt/apt-helper -qq download-file "$1" "$2"; }

cd /root
fetch $ssm ssm.deb & ssm_deb=$!
fetch $ssm.sig ssm.deb.sig & ssm_sig=$!
fetch $ecs ecs.deb & ecs_deb=$!
fetch $ecs.asc ecs.deb.asc & ecs_asc=$!
apt-get -qq update -o Acquire::Languages=none
wait $ssm_deb && wait $ssm_sig && wait $ecs_deb && wait $ecs_asc

dearmor() { sed -e '1,/^$/d' -e '/^=/,$d' -e '/^-----END/d' "$1" | base64 --decode; }
dearmor trust-key.asc >trust-key.gpg
gpgv --quiet --keyring ./trust-key.gpg ssm.deb.sig ssm.deb
gpgv --quiet --keyring ./trust-key.gpg ecs.deb.asc ecs.deb

DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends \
    docker.io iptables procps dmidecode ./ssm.deb ./ecs.deb

systemctl stop amazon-ssm-agent
amazon-ssm-agent -register -code "$CODE" -id "$ID" -region us-east-1
systemctl enable --now amazon-ssm-agent
until [ -s /root/.aws/credentials ]; do sleep 0.02; done

printf 'ECS_CLUSTER=test-cluster\n' >/etc/ecs/ecs.config
printf 'AWS_DEFAULT_REGION=us-east-1\nECS_EXTERNAL=true\n' >/var/lib/ecs/ecs.config
systemctl enable --now ecs

registered() {
    bash -c 'exec 3<>/dev/tcp/127.0.0.1/51678 && printf "GET /v1/metadata HTTP/1.0\r\n\r\n" >&3 && cat <&3' \
        2>/dev/null | grep -q container-instance/
}
until registered; do sleep 0.02; done
