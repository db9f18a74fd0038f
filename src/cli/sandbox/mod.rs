//! `sandbox`: both services in memory, over real HTTP.

mod key;
mod ready;
mod scene;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use self::key::KeyText;
use self::ready::Ready;
pub(super) use self::scene::{Scene, Served, export};
use super::exit::{Exit, Failure};
use super::output;
use super::signals::Signals;
use super::table_spec::{self, TableSpec};
use crate::loghub::{Logstore, Project};
use crate::sandbox::{Error, Listen, Running, Sandbox, Seed, Settings};
use crate::tablestore::TableName;
use crate::transport::{AccessKey, Clock, Secret, error_chain};

/// The flags that say what is created.
const SCENE: [&str; 5] = ["project", "logstore", "shards", "tables", "status_table"];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Address to listen on
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port of Log Service; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 9420)]
    log_service_port: u16,
    /// Port of Table Store; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 9421)]
    table_store_port: u16,
    /// Project to create
    #[arg(long, default_value = "demo", value_parser = |name: &str| Project::new(name).map_err(|error| error.to_string()))]
    project: Project,
    /// Logstore to create
    #[arg(long, default_value = "access", value_parser = |name: &str| Logstore::new(name).map_err(|error| error.to_string()))]
    logstore: Logstore,
    /// Shards of the logstore
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=10))]
    shards: u32,
    /// Table to create, with its primary key; may be given several times
    ///
    /// Types are STRING (where none is given), INTEGER and BINARY; a column after the first may be
    /// `NAME:INTEGER:AUTO_INCREMENT`.
    #[arg(long = "table", value_name = "NAME(COLUMN:TYPE,...)", default_value = "access_log(ip:STRING,time:STRING)", value_parser = table_spec::parse_table)]
    tables: Vec<TableSpec>,
    /// Status table to create, with the primary key that status rows need
    #[arg(long, value_name = "NAME", default_value = "shipper_status", value_parser = |name: &str| TableName::new(name).map_err(|error| error.to_string()))]
    status_table: TableName,
    /// Create nothing of this
    #[arg(long, conflicts_with_all = SCENE)]
    empty: bool,
    /// Create what this JSON file describes instead; see docs/sandbox.md
    #[arg(long, value_name = "FILE", conflicts_with_all = SCENE)]
    seed_file: Option<PathBuf>,
    /// Take column names by the letter of the documentation: `[A-Za-z_][A-Za-z0-9_]*`. Otherwise - is allowed too
    #[arg(long)]
    strict_names: bool,
    /// Access key id that may sign
    #[arg(long, value_name = "ID", default_value = "sandbox-id")]
    access_key_id: String,
    /// Access key secret that signs
    #[arg(long, value_name = "SECRET", default_value = "sandbox-secret")]
    access_key_secret: String,
    /// Another key pair that may sign; with a token it is a temporary (STS) one. May be given several
    /// times
    #[arg(long = "key", value_name = "ID:SECRET[:TOKEN]", value_parser = KeyText::new)]
    keys: Vec<KeyText>,
    /// Script of faults to begin with; see docs/sandbox.md
    #[arg(long, value_name = "FILE")]
    fault_file: Option<PathBuf>,
    /// Say that both services listen, and where, in one line of JSON
    #[arg(long)]
    json: bool,
}

/// Serves until a signal comes.
pub(super) async fn sandbox(args: Args) -> Result<Exit, Failure> {
    let mut signals = Signals::new()
        .map_err(|error| Failure::of(Exit::Internal, "cannot listen to signals", &error))?;
    let ready = args.serve().await?;
    if args.json {
        ready.json()?;
    } else {
        ready.introduce()?;
    }
    let signal = signals.next().await;
    output::note(&format!(
        "{}: the sandbox is gone, and what it held",
        signal.name()
    ));
    ready.running.shutdown().await;
    Ok(Exit::Ok)
}

impl Args {
    async fn serve(&self) -> Result<Ready, Failure> {
        let key = self.first_key();
        let sandbox = Sandbox::new(self.settings(&key)?);
        let has_scene = !self.empty && self.seed_file.is_none();
        let scene = has_scene.then(|| self.scene());
        if let Some(scene) = &scene {
            scene.set_up(&sandbox)?;
        }
        if let Some(path) = &self.seed_file {
            let seed = Seed::parse(&read(path)?);
            let planted = seed.and_then(|seed| sandbox.plant(&seed));
            planted.map_err(|fault| wrong(path, &fault))?;
        }
        if let Some(path) = &self.fault_file {
            let script = read(path)?;
            let faults = sandbox.faults();
            faults.load(&script).map_err(|fault| wrong(path, &fault))?;
        }
        let addresses = Listen {
            loghub: SocketAddr::new(self.host, self.log_service_port),
            tablestore: SocketAddr::new(self.host, self.table_store_port),
        };
        let running = listen(&sandbox, addresses).await?;
        Ok(Ready {
            sandbox,
            running,
            key,
            scene,
        })
    }

    fn first_key(&self) -> AccessKey {
        AccessKey {
            id: self.access_key_id.clone(),
            secret: Secret::new(self.access_key_secret.clone()),
            token: None,
        }
    }

    fn settings(&self, key: &AccessKey) -> Result<Settings, Failure> {
        let mut settings = Settings::new(key.clone(), Clock::system());
        settings.strict_names = self.strict_names;
        for text in &self.keys {
            let key = text
                .parse()
                .map_err(|fault| Failure::new(Exit::Usage, fault))?;
            if settings.keys.iter().any(|known| known.id == key.id) {
                let fault = format!("access key id {} is there twice", key.id);
                return Err(Failure::new(Exit::Usage, fault));
            }
            settings.keys.push(key);
        }
        Ok(settings)
    }

    fn scene(&self) -> Scene {
        Scene {
            project: self.project.clone(),
            logstore: self.logstore.clone(),
            shards: self.shards,
            tables: self.tables.clone(),
            status_table: self.status_table.clone(),
        }
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::of(
            Exit::Io,
            format_args!("cannot read {}", path.display()),
            &error,
        )
    })
}

/// What is wrong with a file, line by line.
fn wrong(path: &Path, fault: &dyn std::error::Error) -> Failure {
    Failure::new(Exit::Data, format!("{}: {fault}", path.display()))
}

async fn listen(sandbox: &Sandbox, addresses: Listen) -> Result<Running, Failure> {
    sandbox.serve(addresses).await.map_err(|error| {
        let exit = if matches!(error, Error::Listen { .. }) {
            Exit::Unavailable
        } else {
            Exit::Internal
        };
        Failure::new(exit, error_chain(&error))
    })
}
