//! The known causes, as the agents word them. The first that fits a line counts.

use super::{Agent, Cause};

const NEW_IDENTITY: &str = "give it a new identity: 'systemctl stop ecs amazon-ssm-agent', 'amazon-ssm-agent -register \
    -clear', 'rm -f /root/.aws/credentials /var/lib/ecs/data/agent.db', then 'landfall up' with a new activation";
const AUTHORITY: &str = "put the authority of whatever reads TLS on the way into /usr/local/share/ca-certificates, and \
    run update-ca-certificates";
const CLOCK: &str = "set the clock, best by NTP: 'timedatectl set-ntp true'";
const NETWORK: &str = "see what 'landfall check' says of the network";

impl Cause {
    /// Whether this machine's identity is of no more use.
    #[must_use]
    pub fn ends_the_identity(&self) -> bool {
        self.remedy == NEW_IDENTITY
    }
}

pub(super) fn of(agent: Agent) -> impl Iterator<Item = &'static Cause> {
    let own: &[Cause] = match agent {
        Agent::Ssm => &SSM,
        Agent::Ecs => &ECS,
    };
    own.iter().chain(&BOTH)
}

const SSM: [Cause; 4] = [
    Cause {
        code: "fingerprint-mismatch",
        words: &["MachineFingerprintDoesNotMatch"],
        is_final: true,
        sentence: "the service does not take this machine for the one that was registered: it is a copy, or its hardware changed",
        remedy: NEW_IDENTITY,
    },
    Cause {
        code: "role-denied",
        words: &["AccessDenied"],
        is_final: true,
        sentence: "the service gives this machine no credentials of its role: access denied",
        remedy: "see that the activation's IAM role is there still, and that its trust policy lets ssm.amazonaws.com assume it",
    },
    Cause {
        code: "identity-unknown",
        words: &["UnrecognizedClientException"],
        is_final: true,
        sentence: "the service knows this machine's identity no longer: it was deregistered",
        remedy: NEW_IDENTITY,
    },
    Cause {
        code: "identity-unknown",
        words: &["InvalidInstanceId"],
        is_final: true,
        sentence: "the service knows this machine's identity no longer: it was deregistered",
        remedy: NEW_IDENTITY,
    },
];

const ECS: [Cause; 10] = [
    Cause {
        code: "no-such-cluster",
        words: &["ClusterNotFoundException"],
        is_final: true,
        sentence: "there is no such cluster in this region and account",
        remedy: "give the right name with --cluster, or make it with 'aws ecs create-cluster'",
    },
    Cause {
        code: "registration-denied",
        words: &["AccessDeniedException"],
        is_final: true,
        sentence: "the role of this machine may not register a container instance: access denied",
        remedy: "attach the policy AmazonEC2ContainerServiceforEC2Role, or ecs:RegisterContainerInstance, to the activation's IAM role",
    },
    Cause {
        code: "expired-token",
        words: &["ExpiredToken"],
        is_final: false,
        sentence: "the credentials of this machine's role have expired, and no new ones came",
        remedy: "'systemctl restart amazon-ssm-agent', which brings new ones; if none come, see its log",
    },
    Cause {
        code: "attributes-refused",
        words: &["Attribute validation failed"],
        is_final: true,
        sentence: "the service did not take all attributes of this machine",
        remedy: "see that names and values of --attribute are ones that ECS allows, and that none begins with 'ecs.'",
    },
    Cause {
        code: "cluster-mismatch",
        words: &["Data mismatch", "saved cluster"],
        is_final: true,
        sentence: "the ECS agent is configured for another cluster than it has joined before",
        remedy: "run with --cluster and the earlier name; to move the machine, 'systemctl stop ecs' and 'rm /var/lib/ecs/data/agent.db' first",
    },
    Cause {
        code: "instance-unknown",
        words: &["ClientException"],
        is_final: true,
        sentence: "the service does not know the container instance that this machine was: it was deregistered",
        remedy: "'systemctl stop ecs' and 'rm /var/lib/ecs/data/agent.db'",
    },
    Cause {
        code: "request-refused",
        words: &["InvalidParameterException"],
        is_final: true,
        sentence: "the service refuses this machine's registration as a container instance",
        remedy: "see /var/log/ecs/ecs-agent.log for its words, and ECS_ keys in /etc/ecs/ecs.config that were set by hand",
    },
    Cause {
        code: "no-credentials",
        words: &["no EC2 IMDS role found"],
        is_final: false,
        sentence: "the ECS agent finds no credentials of this machine's role",
        remedy: "'systemctl restart amazon-ssm-agent', which brings new ones; if none come, see its log",
    },
    Cause {
        code: "docker-unreachable",
        words: &["docker.sock"],
        is_final: false,
        sentence: "the ECS agent does not reach Docker",
        remedy: "see 'systemctl status docker' and 'journalctl -u docker'",
    },
    Cause {
        code: "docker-unreachable",
        words: &["could not connect to docker"],
        is_final: false,
        sentence: "the ECS agent does not reach Docker",
        remedy: "see 'systemctl status docker' and 'journalctl -u docker'",
    },
];

const BOTH: [Cause; 11] = [
    clock(&["InvalidSignatureException", "Signature not yet current"]),
    clock(&["InvalidSignatureException", "Signature expired"]),
    clock(&["RequestExpired"]),
    clock(&["x509: certificate has expired or is not yet valid"]),
    Cause {
        code: "unknown-authority",
        words: &["x509: certificate signed by unknown authority"],
        is_final: true,
        sentence: "the agent does not know the authority of the certificate that AWS's endpoint shows it",
        remedy: AUTHORITY,
    },
    unreachable("name-resolution", &["no such host"], "the agent cannot resolve the name of AWS's endpoint"),
    unreachable(
        "name-resolution",
        &["server misbehaving"],
        "the agent cannot resolve the name of AWS's endpoint",
    ),
    unreachable(
        "endpoint-unreachable",
        &["dial tcp", "connect:"],
        "the agent cannot connect to AWS's endpoint",
    ),
    unreachable(
        "endpoint-unreachable",
        &["dial tcp", "timeout"],
        "the agent cannot connect to AWS's endpoint",
    ),
    Cause {
        code: "throttled",
        words: &["ThrottlingException"],
        is_final: false,
        sentence: "the service was asked too often and told the agent to slow down",
        remedy: "run again in a few minutes",
    },
    Cause {
        code: "service-trouble",
        words: &["InternalServerError"],
        is_final: false,
        sentence: "the service answers with an error of its own",
        remedy: "run again in a few minutes; AWS's health dashboard may say more",
    },
];

const fn clock(words: &'static [&'static str]) -> Cause {
    Cause {
        code: "clock",
        words,
        is_final: true,
        sentence: "the service refuses this machine's signatures because its clock is wrong",
        remedy: CLOCK,
    }
}

const fn unreachable(code: &'static str, words: &'static [&'static str], sentence: &'static str) -> Cause {
    Cause { code, words, is_final: false, sentence, remedy: NETWORK }
}
