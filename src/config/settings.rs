//! The sections of `gateway.toml`, each with its defaults. Units stand last in names.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::domain::desk::Manning;
use serde::{Deserialize, Serialize};

use crate::domain::policy::Policy;

/// Everything that can be set, as it is in force.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where and how much is served.
    pub server: Server,
    /// Where everything is kept.
    pub store: Store,
    /// Where the suppliers are described.
    pub suppliers: Suppliers,
    /// With which other processes the suppliers' limits are shared.
    pub peers: Peers,
    /// Times and bounds of settlement.
    pub policy: Policy,
    /// How shops are told.
    pub callbacks: Callbacks,
    /// Where the command line reaches a running server.
    pub admin: Admin,
    /// What is logged, and how.
    pub log: Log,
}

/// `[server]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port of the HTTP server.
    pub listen: SocketAddr,
    /// How suppliers reach us for notifications; absent: `http://` and `listen`.
    pub public_url: Option<String>,
    /// This process's place in order ids, 0..=1023; no two processes on one database share it.
    pub node: u16,
    /// HTTP threads; 0 is one a core.
    pub workers: u16,
    /// Requests in work at once; more are turned away before they are read.
    pub max_in_flight: u32,
    /// Of these, how many may be of one shop.
    pub max_in_flight_per_shop: u32,
    /// How long a stop waits for requests in work, in seconds.
    pub stop_grace_seconds: u32,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            public_url: None,
            node: 0,
            workers: 0,
            max_in_flight: 512,
            max_in_flight_per_shop: 128,
            stop_grace_seconds: 20,
        }
    }
}

/// `[store]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// The SQLite file.
    pub path: PathBuf,
    /// Name of the environment variable that holds the seal key.
    pub seal_key_env: Option<String>,
    /// File that holds the seal key.
    pub seal_key_file: Option<PathBuf>,
    /// Connections for reading; there is one for writing.
    pub read_connections: u32,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            path: PathBuf::from("recharge-gateway.db"),
            seal_key_env: None,
            seal_key_file: None,
            read_connections: 4,
        }
    }
}

/// `[suppliers]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Suppliers {
    /// The file that describes them.
    pub file: PathBuf,
    /// Folder of dialects beside the built-in ones.
    pub dialects_dir: Option<PathBuf>,
    /// Table of number segments; absent: the built-in one.
    pub segments_file: Option<PathBuf>,
    /// How often suppliers are asked for our balance, in minutes; 0 is never.
    pub balance_minutes: u32,
}

impl Default for Suppliers {
    fn default() -> Self {
        Self {
            file: PathBuf::from("adapters.toml"),
            dialects_dir: None,
            segments_file: None,
            balance_minutes: 10,
        }
    }
}

/// `[peers]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Peers {
    /// Where Redis is, without a password; absent: this process has every limit to itself.
    pub redis_url: Option<String>,
    /// Name of the environment variable that holds Redis' password.
    pub redis_password_env: Option<String>,
    /// How many processes share the suppliers' limits.
    pub nodes: u16,
}

impl Default for Peers {
    fn default() -> Self {
        Self {
            redis_url: None,
            redis_password_env: None,
            nodes: 1,
        }
    }
}

/// `[callbacks]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Callbacks {
    /// From the first connect to the last byte of the shop's answer, in milliseconds.
    pub timeout_ms: u64,
    /// A longer answer is cut off, in bytes.
    pub max_reply_bytes: u32,
    /// Callbacks in flight at once.
    pub max_in_flight: u32,
    /// Of these, how many to one shop.
    pub max_in_flight_per_shop: u32,
    /// Whether loopback addresses may be called: for development only.
    pub allow_loopback: bool,
}

impl Default for Callbacks {
    fn default() -> Self {
        Self {
            timeout_ms: 10_000,
            max_reply_bytes: 65_536,
            max_in_flight: 256,
            max_in_flight_per_shop: 16,
            allow_loopback: false,
        }
    }
}

/// `[admin]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// The Unix socket; absent: the database's path and `.sock`.
    pub socket: Option<PathBuf>,
    /// Where `/admin/v1` is served; absent: nowhere.
    pub listen: Option<SocketAddr>,
    /// Whether one person runs the gateway alone, so that nobody can be the second one.
    pub solo: bool,
    /// In solo mode: how long after a word that moves money it must be said again, in minutes.
    pub solo_cooling_off_minutes: u32,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            socket: None,
            listen: None,
            solo: false,
            solo_cooling_off_minutes: 60,
        }
    }
}

impl Admin {
    /// How many persons a word that moves money needs.
    #[must_use]
    pub fn manning(&self) -> Manning {
        if self.solo {
            let cooling_off_ms = i64::from(self.solo_cooling_off_minutes).saturating_mul(60_000);
            Manning::Solo { cooling_off_ms }
        } else {
            Manning::Pair
        }
    }
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// Which lines there are: levels by target, such as `info,recharge_gateway::dispatch=debug`.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info".to_owned(),
        }
    }
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// Plain words, for people.
    Text,
}

impl Config {
    /// Where the command line reaches a running server.
    #[must_use]
    pub fn socket_path(&self) -> PathBuf {
        self.admin.socket.clone().unwrap_or_else(|| self.beside_the_database("sock"))
    }

    /// The base of every address we give to suppliers, without a slash at the end.
    #[must_use]
    pub fn public_url(&self) -> String {
        match &self.server.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.server.listen),
        }
    }

    /// The database's path with another ending added: `recharge-gateway.db.sock`.
    pub(super) fn beside_the_database(&self, ending: &str) -> PathBuf {
        let mut name = self.store.path.clone().into_os_string();
        name.push(".");
        name.push(ending);
        PathBuf::from(name)
    }
}
