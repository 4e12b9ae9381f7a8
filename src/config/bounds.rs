//! What the types cannot say: numbers in range, addresses that are addresses, keys that exclude each other.

use std::path::Path;

use super::complaint::Complaint;
use super::layer::Sources;
use super::settings::Config;
use crate::domain::ids::{AttemptId, OrderId};

/// Everything that is out of bounds.
pub(super) fn complaints(config: &Config, sources: &Sources) -> Vec<Complaint> {
    let mut check = Check {
        sources,
        found: Vec::new(),
    };
    server(config, &mut check);
    store(config, &mut check);
    peers(config, &mut check);
    policy(config, &mut check);
    callbacks(config, &mut check);
    check.found
}

struct Check<'a> {
    sources: &'a Sources,
    found: Vec<Complaint>,
}

impl Check<'_> {
    fn that(&mut self, holds: bool, section: &str, key: &str, problem: &str) {
        if !holds {
            self.found.push(self.sources.complaint(section, key, problem));
        }
    }

    fn within(&mut self, value: impl TryInto<i64>, bounds: std::ops::RangeInclusive<i64>, section: &str, key: &str) {
        let holds = value.try_into().is_ok_and(|value| bounds.contains(&value));
        let problem = format!("must be from {} to {}", bounds.start(), bounds.end());
        self.that(holds, section, key, &problem);
    }

    /// Waits that are positive, at most a week, and not none.
    fn ladder_ms(&mut self, ladder: &[i64], key: &str) {
        let is_sound = !ladder.is_empty() && ladder.iter().all(|wait| (1..=7 * DAY_MS).contains(wait));
        self.that(is_sound, "policy", key, "must list at least one wait, each from 1 ms to 7 days");
    }
}

const DAY_MS: i64 = 86_400_000;
/// Ten billion yuan.
const MOST_ADVANCED_MINOR: i64 = 1_000_000_000_000;

fn server(config: &Config, check: &mut Check<'_>) {
    let server = &config.server;
    check.within(server.node, 0..=i64::from(OrderId::MAX_NODE), "server", "node");
    check.within(server.workers, 0..=256, "server", "workers");
    check.within(server.max_in_flight, 1..=100_000, "server", "max_in_flight");
    check.within(
        server.max_in_flight_per_shop,
        1..=i64::from(server.max_in_flight),
        "server",
        "max_in_flight_per_shop",
    );
    check.within(server.stop_grace_seconds, 0..=600, "server", "stop_grace_seconds");
    if let Some(url) = &server.public_url {
        check.that(
            is_base_url(url),
            "server",
            "public_url",
            "must be http(s)://host[:port][/path] and nothing more",
        );
    }
}

fn is_base_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

fn store(config: &Config, check: &mut Check<'_>) {
    let store = &config.store;
    check.that(store.path.file_name().is_some(), "store", "path", "must name a file");
    check.within(store.read_connections, 1..=64, "store", "read_connections");
    let is_one = store.seal_key_env.is_none() || store.seal_key_file.is_none();
    check.that(is_one, "store", "seal_key_file", "and seal_key_env exclude each other: give one");
    let has_name = store
        .seal_key_env
        .as_deref()
        .is_none_or(|name| !name.is_empty() && !name.contains('='));
    check.that(has_name, "store", "seal_key_env", "must be the name of an environment variable");
    let is_file = |path: &Path| path.file_name().is_some();
    check.that(is_file(&config.suppliers.file), "suppliers", "file", "must name a file");
    check.within(config.suppliers.balance_minutes, 0..=1_440, "suppliers", "balance_minutes");
    let is_socket = config.admin.socket.as_deref().is_none_or(is_file);
    check.that(is_socket, "admin", "socket", "must name a file");
    check.within(
        config.admin.solo_cooling_off_minutes,
        10..=1_440,
        "admin",
        "solo_cooling_off_minutes",
    );
}

fn peers(config: &Config, check: &mut Check<'_>) {
    let peers = &config.peers;
    check.within(peers.nodes, 1..=i64::from(OrderId::MAX_NODE).saturating_add(1), "peers", "nodes");
    let Some(url) = &peers.redis_url else {
        let alone = "says that limits are shared, but there is no [peers] redis_url to share them through";
        check.that(peers.nodes <= 1, "peers", "nodes", alone);
        return;
    };
    let is_plain = url.starts_with("redis://") && !url.contains('@');
    let plain = "must be redis://host:port/0, without user and password: name the password's variable in redis_password_env";
    check.that(is_plain, "peers", "redis_url", plain);
    let numbered = "must be below [peers] nodes where redis_url is set: number the processes from 0";
    check.that(config.server.node < peers.nodes, "server", "node", numbered);
}

fn policy(config: &Config, check: &mut Check<'_>) {
    let policy = &config.policy;
    check.within(policy.max_attempts, 1..=i64::from(AttemptId::MAX_SEQ), "policy", "max_attempts");
    check.ladder_ms(&policy.doubt_query_ms, "doubt_query_ms");
    check.ladder_ms(&policy.accepted_query_ms, "accepted_query_ms");
    check.within(policy.reply_margin_ms, 0..=60_000, "policy", "reply_margin_ms");
    check.within(policy.not_found_before_resubmit, 1..=1_000, "policy", "not_found_before_resubmit");
    check.within(policy.max_transmissions, 1..=100, "policy", "max_transmissions");
    check.within(policy.resubmit_within_ms, 0..=7 * DAY_MS, "policy", "resubmit_within_ms");
    check.within(policy.unreachable_pause_ms, 100..=DAY_MS, "policy", "unreachable_pause_ms");
    check.within(policy.unreachable_pause_max_ms, 100..=DAY_MS, "policy", "unreachable_pause_max_ms");
    check.within(policy.doubt_case_after_ms, 1_000..=30 * DAY_MS, "policy", "doubt_case_after_ms");
    check.within(policy.advance_total_minor, 0..=MOST_ADVANCED_MINOR, "policy", "advance_total_minor");
}

fn callbacks(config: &Config, check: &mut Check<'_>) {
    let callbacks = &config.callbacks;
    check.within(callbacks.timeout_ms, 100..=120_000, "callbacks", "timeout_ms");
    check.within(callbacks.max_reply_bytes, 256..=1_048_576, "callbacks", "max_reply_bytes");
    check.within(callbacks.max_in_flight, 1..=10_000, "callbacks", "max_in_flight");
    check.within(
        callbacks.max_in_flight_per_shop,
        1..=i64::from(callbacks.max_in_flight),
        "callbacks",
        "max_in_flight_per_shop",
    );
}
