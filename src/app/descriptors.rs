//! How the process's file descriptors are shared out, before the first is used.
//!
//! Every connection is a descriptor, and at the limit the next `connect` or `accept` fails whoever
//! asks. So what must never be turned away is counted first: suppliers by their contracts, callbacks,
//! the database. Shops' connections get the rest; beyond it they wait in the listener's queue.

use anyhow::ensure;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The database with its log and readers, admin connections, standard streams, what the runtime needs.
const OWN: usize = 200;
/// With fewer connections for shops and notifications a gateway is not worth starting.
const FEWEST_INBOUND: usize = 64;

/// What the configuration may have open at once, towards others.
#[derive(Debug, Clone, Copy)]
pub struct Outbound {
    /// The concurrency of all suppliers together.
    pub suppliers: usize,
    /// Callbacks in flight, and connections to shops kept for the next.
    pub callbacks: usize,
}

/// Raises the soft limit to the hard one and says how many connections may come in.
///
/// # Errors
/// When the limit leaves too little for anybody to connect; names the remedies.
pub fn inbound(outbound: Outbound) -> anyhow::Result<usize> {
    rest(raised(), outbound)
}

/// The limit in force, after asking for as much as this process may have.
fn raised() -> usize {
    let found = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: found.maximum,
        maximum: found.maximum,
    };
    // Refused or not: what counts is what is in force afterwards.
    if let Err(error) = setrlimit(Resource::Nofile, wanted) {
        tracing::warn!(%error, "the limit of file descriptors cannot be raised");
    }
    let current = getrlimit(Resource::Nofile).current;
    current.map_or(usize::MAX, |current| usize::try_from(current).unwrap_or(usize::MAX))
}

fn rest(limit: usize, Outbound { suppliers, callbacks }: Outbound) -> anyhow::Result<usize> {
    let needed = OWN.saturating_add(suppliers).saturating_add(callbacks);
    let rest = limit.saturating_sub(needed);
    ensure!(
        rest >= FEWEST_INBOUND,
        "this process may open {limit} files and connections; {suppliers} to suppliers, {callbacks} for callbacks and {OWN} of its own leave {rest} for shops, \
         fewer than {FEWEST_INBOUND}: raise the limit (`ulimit -n`, LimitNOFILE=), or lower `concurrency` in adapters.toml or [callbacks] max_in_flight"
    );
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTBOUND: Outbound = Outbound {
        suppliers: 500,
        callbacks: 256,
    };

    #[test]
    fn shops_get_what_suppliers_and_callbacks_leave() {
        assert_eq!(rest(1_024, OUTBOUND).unwrap(), 68);
        assert_eq!(rest(20_000, OUTBOUND).unwrap(), 19_044);
    }

    #[test]
    fn a_limit_that_leaves_shops_out_is_refused_with_the_remedies() {
        let refused = rest(1_000, OUTBOUND).unwrap_err().to_string();
        for word in ["1000", "500 to suppliers", "ulimit -n", "max_in_flight"] {
            assert!(refused.contains(word), "{refused}");
        }
        assert!(rest(0, OUTBOUND).is_err());
    }

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_one() {
        raised();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
