//! The simulator as a program: runs it, and asks a running one. What it does is in the library.

use aws_simulator::{Admin, AdminError, Record, Settings, Simulator, StartError};
use clap::{Args, Parser, Subcommand};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Simulates the part of AWS that an ECS Anywhere instance needs, to rehearse and to test without an account.
///
/// Point the AWS host names (ssm, ssmmessages, ec2messages, ecs, ecs-a-1, ecs-t-1, s3 and sts, each with
/// .<region>.amazonaws.com) of a machine that can be thrown away at the simulator, let that machine trust
/// STATE/ca.pem, and make an activation.
#[derive(Parser)]
#[command(version, max_term_width = 80)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the simulator until it is told to end (SIGTERM or Ctrl-C).
    Serve(Serve),
    /// Make an activation, and print it as `aws ssm create-activation` does.
    Activation {
        /// The state folder of the running simulator.
        #[arg(long, value_name = "DIR")]
        state: PathBuf,
        /// How many machines may register with it.
        #[arg(long, default_value_t = 1)]
        limit: u32,
        /// When it expires, in seconds from now.
        #[arg(long, value_name = "SECONDS", default_value_t = 86400, allow_negative_numbers = true)]
        expires_in: i64,
    },
    /// Show which machines registered, and what was asked.
    Show {
        /// The state folder of the running simulator.
        #[arg(long, value_name = "DIR")]
        state: PathBuf,
    },
}

#[derive(Args)]
struct Serve {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    listen: IpAddr,
    /// Where the authority (ca.pem), the admin socket and the recorded requests go.
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// The objects of S3: DIR/<bucket>/<key>.
    #[arg(long, value_name = "DIR")]
    objects: PathBuf,
    /// Also serve DIR's files under HOST, by HTTP and HTTPS (may be given again).
    #[arg(long = "static", value_name = "HOST=DIR", value_parser = host_and_folder)]
    statics: Vec<(String, PathBuf)>,
    /// The region to be.
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// The account to be.
    #[arg(long, default_value = "123456789012")]
    account: String,
    /// The port with TLS; 0 takes a free one and writes it to STATE/ports.json.
    #[arg(long, default_value_t = 443, value_name = "PORT")]
    https_port: u16,
    /// The port without TLS; 0 takes a free one.
    #[arg(long, default_value_t = 80, value_name = "PORT")]
    http_port: u16,
    /// How long the temporary credentials of a machine are good for, in seconds.
    #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
    credential_lifetime: u32,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(serve) => self::serve(serve),
        Command::Activation { state, limit, expires_in } => {
            activation(&Admin::at(state), limit, expires_in).map_err(Failure::from)
        }
        Command::Show { state } => show(&Admin::at(state)).map_err(Failure::from),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {}", failure.error);
            if let Some(hint) = failure.hint {
                eprintln!("hint: {hint}");
            }
            ExitCode::FAILURE
        }
    }
}

fn serve(options: Serve) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::plain(&error))?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).map_err(|error| Failure::plain(&error))?;
        let simulator = Simulator::start(options.into()).await?;
        eprintln!("AWS simulator ready: https on {}, http on {}", simulator.https(), simulator.http());
        eprintln!("authority: {}", simulator.state().join("ca.pem").display());
        eprintln!("an activation: aws-simulator activation --state {}", simulator.state().display());
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        drop(simulator);
        Ok::<(), Failure>(())
    })?;
    // Websockets and held answers need no farewell.
    runtime.shutdown_background();
    Ok(())
}

fn activation(admin: &Admin, limit: u32, expires_in: i64) -> Result<(), AdminError> {
    let made = admin.activation(limit, expires_in)?;
    println!("{}", serde_json::to_string_pretty(&made).expect("plain data"));
    Ok(())
}

fn show(admin: &Admin) -> Result<(), AdminError> {
    let managed = admin.managed_instances()?;
    println!("managed instances:");
    for instance in managed {
        let seen = instance
            .last_ping_at
            .map_or("never seen since".to_owned(), |time| format!("last seen {time:.0}"));
        println!("  {}  registered {:.0}, {seen}", instance.instance_id, instance.registered_at);
    }
    println!("container instances:");
    for instance in admin.container_instances()? {
        let agent = if instance.agent_connected { "agent connected" } else { "agent not connected" };
        println!("  {}", instance.arn);
        println!(
            "    {} {}, {agent}, {} registration(s)",
            instance.instance_id, instance.status, instance.registrations
        );
    }
    println!("requests:");
    for ((what, status), count) in counted(&admin.requests(None)?) {
        println!("  {count:>5}  {status}  {what}");
    }
    Ok(())
}

/// How often each call got each status.
fn counted(records: &[Record]) -> BTreeMap<(String, u16), usize> {
    let mut counts = BTreeMap::new();
    for request in records.iter().filter_map(Record::request) {
        let path = request.path.split('?').next().unwrap_or_default();
        let otherwise = || format!("{} {}{path}", request.method, request.host);
        let what = request.target.clone().unwrap_or_else(otherwise);
        *counts.entry((what, request.status)).or_default() += 1;
    }
    counts
}

fn host_and_folder(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((host, folder)) if !host.is_empty() && !folder.is_empty() => {
            Ok((host.to_ascii_lowercase(), folder.into()))
        }
        _ => Err("must be HOST=DIR".to_owned()),
    }
}

impl From<Serve> for Settings {
    fn from(options: Serve) -> Settings {
        Settings {
            listen: options.listen,
            https_port: options.https_port,
            http_port: options.http_port,
            state: options.state,
            objects: options.objects,
            statics: options.statics,
            region: options.region,
            account: options.account,
            credential_lifetime: SignedDuration::from_secs(options.credential_lifetime.into()),
        }
    }
}

/// What went wrong, and what now.
struct Failure {
    error: String,
    hint: Option<&'static str>,
}

impl Failure {
    fn plain(error: &dyn std::error::Error) -> Failure {
        Failure { error: error.to_string(), hint: None }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Failure {
        let hint = match error {
            StartError::PortInUse(_) => {
                Some("choose others with --https-port and --http-port; 0 takes a free one")
            }
            StartError::PortForbidden(_) => {
                Some("run as root, or choose ports above 1023 with --https-port and --http-port")
            }
            StartError::AddressNotHere(_) => Some("give one of `ip address` with --listen"),
            StartError::StateInUse(_) => Some("end the other one, or give another folder with --state"),
            StartError::NoFolder(_) => Some("make the folder first; it may be empty"),
            StartError::Io { .. } => None,
        };
        Failure { error: error.to_string(), hint }
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Failure {
        let hint = matches!(error, AdminError::NotRunning { .. })
            .then_some("is `aws-simulator serve` running with this --state?");
        Failure { error: error.to_string(), hint }
    }
}
