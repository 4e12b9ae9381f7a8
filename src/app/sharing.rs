//! What this process shares with the others of `[peers]`: the suppliers' contracts, and what it sees of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use tokio::sync::Notify;

use super::Seams;
use crate::adapters::Adapter;
use crate::config::{Config, secret_from_env};
use crate::dispatch::{Dispatch, Supplier};
use crate::domain::ids::SupplierId;
use crate::peers::{Link, Peers, Talk};
use crate::ratelimit::Lane;
use crate::ratelimit::shared::Seat;
use crate::seams::Clock;

/// The whole contract, or a part of it. What cannot be kept by several is refused, not kept by halves.
pub(super) fn lane(adapter: &Adapter, sharing: Option<&(Seat, Arc<Notify>)>, clock: &Arc<dyn Clock>) -> anyhow::Result<Lane> {
    let (limits, clock) = (adapter.limits(), Arc::clone(clock));
    let Some((seat, thirst)) = sharing.filter(|_| adapter.is_shared()) else {
        return Ok(Lane::new(limits, clock));
    };
    let (supplier, nodes) = (adapter.id(), seat.nodes);
    anyhow::ensure!(
        limits.concurrency >= u32::from(nodes),
        "supplier {supplier}: concurrency {} cannot be split among the {nodes} processes of [peers] nodes; run fewer processes",
        limits.concurrency,
    );
    anyhow::ensure!(
        limits.recipient_spacing_ms == 0 || nodes == 1,
        "supplier {supplier}: recipient_spacing_ms cannot be kept by {nodes} processes, for none knows the others' recipients; \
         give the supplier to one of them: leave it out of the others' adapters.toml and write shared = false in this one's"
    );
    Ok(Lane::shared(limits, *seat, Arc::clone(thirst), clock))
}

/// This process's seat, and the bell of its lanes, where limits are shared.
pub(super) fn sharing(config: &Config) -> Option<(Seat, Arc<Notify>)> {
    config.peers.redis_url.as_ref()?;
    let seat = Seat {
        node: config.server.node,
        nodes: config.peers.nodes,
    };
    Some((seat, Arc::new(Notify::new())))
}

/// Who asks Redis for what the lanes share.
pub(super) fn peers(
    config: &Config,
    suppliers: &BTreeMap<SupplierId, Supplier>,
    sharing: Option<(Seat, Arc<Notify>)>,
    seams: &Seams,
) -> anyhow::Result<Option<Peers>> {
    let (Some(url), Some((seat, thirst))) = (&config.peers.redis_url, sharing) else {
        return Ok(None);
    };
    let password = match &config.peers.redis_password_env {
        Some(name) => Some(secret_from_env(name).with_context(|| format!("[peers] redis_password_env: {name} is not set"))?),
        None => None,
    };
    let link = Link::new(url, password.as_ref())?;
    let lanes = suppliers.iter().map(|(id, supplier)| (id.to_string(), supplier.lane.clone()));
    Ok(Some(Peers::new(link, seat, lanes.collect(), thirst, Arc::clone(&seams.clock))))
}

/// What dispatch has to say to the other processes, and how it hears them.
pub(super) struct Gossip(pub(super) Dispatch);

impl Talk for Gossip {
    fn say(&self, most: usize) -> Vec<String> {
        let seen = self.0.sightings(most).into_iter();
        seen.filter_map(|sighting| serde_json::to_string(&sighting).ok()).collect()
    }

    fn hear(&self, lines: Vec<String>) {
        // A newer build may say what this one does not understand.
        let seen = lines.iter().filter_map(|line| serde_json::from_str(line).ok());
        self.0.hear_of(seen.collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::Adapters;
    use crate::seams::SystemClock;

    /// The lane of a supplier with these limits and keys, in a process of so many; whether it is shared.
    fn is_shared(limits: &str, keys: &str, nodes: u16) -> Result<bool, String> {
        let text = format!(
            "[supplier.north]\ndialect = \"dayuanren\"\nbase_url = \"http://127.0.0.1:9\"\n{keys}\n\
             cfg = {{ userid = \"1\" }}\nsecrets = {{ key = \"KEY\" }}\nlimits = {{ concurrency = 8, {limits} }}\n"
        );
        let adapters = Adapters::load("adapters.toml", &text, &|_| Some("k".to_owned().into()), &[]).map_err(|error| error.to_string())?;
        let sharing = (Seat { node: 0, nodes }, Arc::default());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let adapter = adapters.iter().next().ok_or("no supplier")?;
        let lane = lane(adapter, Some(&sharing), &clock).map_err(|error| error.to_string())?;
        Ok(!lane.wishes().is_empty())
    }

    #[test]
    fn what_several_processes_cannot_keep_is_refused_with_its_remedy() {
        assert_eq!(is_shared("reserved_for_doubt = 0", "", 3), Ok(true));
        let spaced = "reserved_for_doubt = 0, recipient_spacing_ms = 60000";
        let refusal = is_shared(spaced, "", 3).unwrap_err();
        assert!(
            refusal.contains("north: recipient_spacing_ms") && refusal.contains("shared = false"),
            "{refusal}"
        );
        assert_eq!(is_shared(spaced, "shared = false", 3), Ok(false), "it has the contract for itself");
        assert_eq!(is_shared(spaced, "", 1), Ok(true), "nobody else is there");
        let refusal = is_shared("reserved_for_doubt = 0", "", 9).unwrap_err();
        assert!(refusal.contains("concurrency 8 cannot be split among the 9"), "{refusal}");
    }
}
