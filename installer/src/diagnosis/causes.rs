//! The known causes, as the agents word them. The first that fits a line counts.

use super::{Agent, Cause, End};

const NEW_IDENTITY: &str = "give it a new identity: 'systemctl stop ecs amazon-ssm-agent', 'amazon-ssm-agent -register \
    -clear', 'rm -f /var/lib/ecs/data/agent.db', then 'landfall up' with a new activation";
const AUTHORITY: &str = "put the authority of whatever reads TLS on the way into /usr/local/share/ca-certificates, and \
    run update-ca-certificates";
const CLOCK: &str = "set the clock, best by NTP: 'timedatectl set-ntp true', which needs systemd-timesyncd or chrony: install \
    one where there is none";
const BRING_CREDENTIALS: &str =
    "'systemctl restart amazon-ssm-agent', which brings new ones; if none come, see its log";
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

const SSM: [Cause; 5] = [
    Cause {
        code: "fingerprint-mismatch",
        words: &["MachineFingerprintDoesNotMatch"],
        end: End::AtOnce,
        sentence: "the service does not take this machine for the one that was registered: it is a copy, or its hardware changed",
        remedy: NEW_IDENTITY,
    },
    role_denied(&["AccessDenied", "CredentialRefresher"]),
    role_denied(&["AccessDenied", "RequestManagedInstanceRoleToken"]),
    Cause {
        code: "identity-unknown",
        words: &["UnrecognizedClientException"],
        end: End::AtOnce,
        sentence: "the service knows this machine's identity no longer: it was deregistered",
        remedy: NEW_IDENTITY,
    },
    Cause {
        code: "identity-unknown",
        words: &["InvalidInstanceId"],
        end: End::AtOnce,
        sentence: "the service knows this machine's identity no longer: it was deregistered",
        remedy: NEW_IDENTITY,
    },
];

const ECS: [Cause; 14] = [
    no_such_cluster(&["Cluster not found"]),
    no_such_cluster(&["ClusterNotFoundException"]),
    Cause {
        code: "credentials-refused",
        words: &["UnrecognizedClientException"],
        end: End::Never,
        sentence: "the service does not know the credentials of this machine's role",
        remedy: BRING_CREDENTIALS,
    },
    registration_denied(&["AccessDenied", "RegisterContainerInstance"]),
    registration_denied(&["AccessDenied", "register as a container instance"]),
    Cause {
        code: "expired-token",
        words: &["ExpiredToken"],
        end: End::Never,
        sentence: "the credentials of this machine's role have expired, and no new ones came",
        remedy: BRING_CREDENTIALS,
    },
    Cause {
        code: "attributes-refused",
        words: &["Attribute validation failed"],
        end: End::AtOnce,
        sentence: "the service did not take all attributes of this machine",
        remedy: "see that names and values of --attribute are ones that ECS allows, and that none begins with 'ecs.'",
    },
    Cause {
        code: "cluster-mismatch",
        words: &["Data mismatch", "saved cluster"],
        end: End::AtOnce,
        sentence: "the ECS agent is configured for another cluster than it has joined before",
        remedy: "run with --cluster and the earlier name; to move the machine, 'systemctl stop ecs' and 'rm /var/lib/ecs/data/agent.db' first",
    },
    Cause {
        code: "instance-unknown",
        words: &["Referenced container instance"],
        end: End::AtOnce,
        sentence: "the service does not know the container instance that this machine was: it was deregistered",
        remedy: "'systemctl stop ecs' and 'rm /var/lib/ecs/data/agent.db'",
    },
    request_refused(&["InvalidParameterException"]),
    request_refused(&["ClientException"]),
    Cause {
        code: "no-credentials",
        words: &["no EC2 IMDS role found"],
        end: End::Never,
        sentence: "the ECS agent finds no credentials of this machine's role",
        remedy: BRING_CREDENTIALS,
    },
    Cause {
        code: "docker-unreachable",
        words: &["docker.sock"],
        end: End::Never,
        sentence: "the ECS agent does not reach Docker",
        remedy: "see 'systemctl status docker' and 'journalctl -u docker'",
    },
    Cause {
        code: "docker-unreachable",
        words: &["could not connect to docker"],
        end: End::Never,
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
        end: End::AtOnce,
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
        end: End::Never,
        sentence: "the service was asked too often and told the agent to slow down",
        remedy: "run again in a few minutes",
    },
    Cause {
        code: "service-trouble",
        words: &["InternalServerError"],
        end: End::Never,
        sentence: "the service answers with an error of its own",
        remedy: "run again in a few minutes; AWS's health dashboard may say more",
    },
];

const fn role_denied(words: &'static [&'static str]) -> Cause {
    Cause {
        code: "role-denied",
        words,
        end: End::AtOnce,
        sentence: "the service gives this machine no credentials of its role: access denied",
        remedy: "see that the activation's IAM role is there still, and that its trust policy lets ssm.amazonaws.com assume it",
    }
}

const fn no_such_cluster(words: &'static [&'static str]) -> Cause {
    Cause {
        code: "no-such-cluster",
        words,
        end: End::WhereClusterIsNamed,
        sentence: "there is no such cluster in this region and account",
        remedy: "give the right name with --cluster, or make it with 'aws ecs create-cluster'",
    }
}

/// What IAM was told a moment ago, it may not say everywhere yet.
const fn registration_denied(words: &'static [&'static str]) -> Cause {
    Cause {
        code: "registration-denied",
        words,
        end: End::AfterAWhile,
        sentence: "the role of this machine may not register a container instance: access denied",
        remedy: "attach the policy AmazonEC2ContainerServiceforEC2Role, or ecs:RegisterContainerInstance, to the activation's IAM role",
    }
}

const fn request_refused(words: &'static [&'static str]) -> Cause {
    Cause {
        code: "request-refused",
        words,
        end: End::AtOnce,
        sentence: "the service refuses this machine's registration as a container instance",
        remedy: "see /var/log/ecs/ecs-agent.log for its words, and ECS_ keys in /etc/ecs/ecs.config that were set by hand",
    }
}

const fn clock(words: &'static [&'static str]) -> Cause {
    Cause {
        code: "clock",
        words,
        end: End::AtOnce,
        sentence: "the service refuses this machine's signatures because its clock is wrong",
        remedy: CLOCK,
    }
}

const fn unreachable(code: &'static str, words: &'static [&'static str], sentence: &'static str) -> Cause {
    Cause { code, words, end: End::Never, sentence, remedy: NETWORK }
}
