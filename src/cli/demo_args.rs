//! What the demonstration can be told.

use std::net::SocketAddr;

/// Sixty orders through the gateway and three suppliers that misbehave, judged by the suppliers' books.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct DemoArgs {
    /// End after the summary instead of staying up.
    #[arg(long)]
    pub exit: bool,
    /// Print the summary as one last line of JSON.
    #[arg(long)]
    pub json: bool,
    /// The same seed gives the same orders, faults and end states.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Address and port to listen on; port 0 is any free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
}
