//! The main job, as a user would do it: an activation from AWS, then `landfall up` in a guest.

use landfall_contract::seed::Seed;

use crate::error::{Error, Result, While};
use crate::guest::{Guest, Output};
use crate::simulator::MIRROR_HOST;
use crate::world::{TRUST_FINGERPRINT, TRUST_KEY, World};

/// Where guests find their activation.
const ACTIVATION: &str = "/root/activation.json";

/// The command line of the main scenario, for a guest's shell: no endpoint of AWS in it, since names alone
/// lead to the simulator. The agents' packages are signed by the test's key, so they come from a mirror.
pub const UP: &str = "landfall up --region us-east-1 --cluster test-cluster \
                      --activation-file /root/activation.json \
                      --mirror https://mirror.landfall.test --trust-key /root/trust-key.asc \
                      --trust-fingerprint \"$(cat /root/trust-key.fingerprint)\"";

/// For a stand-in besides: Docker's own repository is a local one, signed with a key made for tests, so it is named
/// as a mirror.
pub const DOCKER_MIRROR: &str = "--docker-mirror https://docker.landfall.test \
                                 --docker-trust-fingerprint \"$(cat /root/trust-key.fingerprint)\"";

/// Asks AWS for an activation and puts it where [`UP`] looks for it, as `aws ssm create-activation` prints it.
pub fn bring_activation(world: &World, guest: &dyn Guest, limit: u32, expires_in_seconds: i64) -> Result<()> {
    let activation =
        world.aws()?.activation(limit, expires_in_seconds).doing(|| "asking for an activation")?;
    let text = serde_json::to_string(&activation).doing(|| "writing the activation")?;
    guest.write(ACTIVATION, text.as_bytes(), 0o600)
}

/// Registers a fresh guest, handing on what `landfall up` says; an exit status other than 0 is an error.
pub fn register(world: &World, guest: &dyn Guest, on_line: &mut (dyn FnMut(&str) + Send)) -> Result<Output> {
    debug_assert!([ACTIVATION, MIRROR_HOST, TRUST_KEY, TRUST_FINGERPRINT].iter().all(|it| UP.contains(it)));
    bring_activation(world, guest, 1, 86_400)?;
    let output = guest.run_streaming(UP, on_line)?;
    match output.status {
        0 => Ok(output),
        status => {
            Err(Error::new(format!("landfall up ended with {status}\n{}{}", output.stdout, output.stderr)))
        }
    }
}

/// The ARN under which the guest's ECS agent says that it is registered, asked over the agent's own port.
pub fn container_instance(guest: &dyn Guest) -> Result<String> {
    let request = r"GET /v1/metadata HTTP/1.0\r\nHost: localhost\r\n\r\n";
    let ask = format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/51678 && printf \"{request}\" >&3 && cat <&3'");
    let answer = guest.must(&ask)?;
    let arn =
        answer.split('"').find(|word| word.starts_with("arn:") && word.contains(":container-instance/"));
    arn.map(str::to_owned)
        .ok_or_else(|| Error::new(format!("the ECS agent names no container instance:\n{answer}")))
}

/// A seed for this world's AWS, with an activation for so many machines.
pub fn seed(world: &World, limit: u32) -> Result<String> {
    let activation = world.aws()?.activation(limit, 86_400).doing(|| "asking for an activation")?;
    let seed = Seed {
        region: Some("us-east-1".into()),
        cluster: Some("test-cluster".into()),
        activation_id: Some(activation.activation_id),
        activation_code: Some(activation.activation_code),
        ..Seed::default()
    };
    toml::to_string(&seed).doing(|| "writing a seed")
}
