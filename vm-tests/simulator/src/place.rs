//! Which region and account are simulated, and the names that follow from them: hosts and ARNs.

/// A region and an account.
#[derive(Debug, Clone)]
pub struct Place {
    pub region: String,
    pub account: String,
}

/// The role that every simulated activation hands out.
pub const ROLE: &str = "ecsAnywhereRole";

/// Services whose host is `<name>.<region>.<suffix>`.
const REGIONAL: [&str; 9] =
    ["ssm", "ssmmessages", "ec2messages", "ecs", "ecs-a-1", "ecs-t-1", "s3", "s3.dualstack", "sts"];

impl Place {
    /// Every AWS host name that is answered here.
    pub fn hosts(&self) -> Vec<String> {
        let mut hosts: Vec<String> = REGIONAL.iter().map(|service| self.host(service)).collect();
        hosts.push(format!("sts.{}", self.suffix()));
        hosts
    }

    /// The host name of one service.
    pub fn host(&self, service: &str) -> String {
        format!("{service}.{}.{}", self.region, self.suffix())
    }

    pub fn suffix(&self) -> &'static str {
        if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
    }

    pub fn cluster_arn(&self, cluster: &str) -> String {
        self.ecs_arn(&format!("cluster/{cluster}"))
    }

    pub fn container_instance_arn(&self, cluster: &str, id: &str) -> String {
        self.ecs_arn(&format!("container-instance/{cluster}/{id}"))
    }

    /// What a managed instance's temporary credentials are called.
    pub fn session_arn(&self, instance: &str) -> String {
        format!("arn:{}:sts::{}:assumed-role/{ROLE}/{instance}", self.partition(), self.account)
    }

    fn ecs_arn(&self, resource: &str) -> String {
        format!("arn:{}:ecs:{}:{}:{resource}", self.partition(), self.region, self.account)
    }

    fn partition(&self) -> &'static str {
        match &self.region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}
