//! What the demonstration can be told.

use std::net::SocketAddr;

/// A gateway with three suppliers that misbehave, in memory and on loopback.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct DemoArgs {
    /// End after the story instead of serving on.
    #[arg(long)]
    pub exit: bool,
    /// Tell the story as JSON lines.
    #[arg(long)]
    pub json: bool,
    /// The same seed tells the same story.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Address and port to listen on; a free port on loopback if absent.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
}
