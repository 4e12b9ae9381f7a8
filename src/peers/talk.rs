//! What processes tell each other of the suppliers: lines in a stream that Redis keeps for a while.
//!
//! Whoever reads begins with what the stream still holds, so that one that starts, or was cut off,
//! knows within a moment what the others know. Lines are opaque here; what they mean, and which are to
//! be believed, is the listener's to know.

use std::sync::Arc;
use std::time::Duration;

use super::link::{Link, LinkError};
use crate::seams::Clock;

/// How often others are listened to when there is nothing to say.
const LISTEN_EVERY: Duration = Duration::from_millis(200);
/// Lines said at once.
const MOST_SAID: usize = 64;
/// A longer line is none of ours, in bytes.
const LONGEST_LINE: usize = 4_096;

/// Somebody who has something to say to the other processes, and listens to them.
pub trait Talk: Send + Sync {
    /// The next lines, at most so many; they are not asked for again.
    fn say(&self, most: usize) -> Vec<String>;
    /// What another process said.
    fn hear(&self, lines: Vec<String>);
}

/// One process's part in the conversation.
pub(super) struct Conversation {
    talk: Arc<dyn Talk>,
    node: u16,
    /// In which of Redis' lives, and up to which line, everything was heard.
    heard: Option<(String, String)>,
    listened: Option<Duration>,
}

impl Conversation {
    pub(super) fn new(talk: Arc<dyn Talk>, node: u16) -> Self {
        Self {
            talk,
            node,
            heard: None,
            listened: None,
        }
    }

    /// Says what there is to say and hears what there is to hear, if Redis is there and it is time.
    pub(super) async fn turn(&mut self, link: &mut Link, clock: &dyn Clock) -> Result<(), LinkError> {
        let now = clock.monotonic();
        let Some(life) = link.life().map(str::to_owned) else {
            return Ok(());
        };
        let lines = self.talk.say(MOST_SAID);
        let is_time = self.listened.is_none_or(|listened| now.saturating_sub(listened) >= LISTEN_EVERY);
        if lines.is_empty() && !is_time {
            return Ok(());
        }
        self.listened = Some(now);
        let from = match &self.heard {
            Some((known, line)) if *known == life => line.clone(),
            Some(_) | None => "0-0".to_owned(),
        };
        let told = link.talk(clock, self.node, &lines, &from).await?;
        if let Some(last) = told.last() {
            self.heard = Some((life, last.id.clone()));
        }
        let own = self.node.to_string();
        let others = told.into_iter().filter(|told| told.node != own && told.line.len() <= LONGEST_LINE);
        let lines: Vec<String> = others.map(|told| told.line).collect();
        if !lines.is_empty() {
            self.talk.hear(lines);
        }
        Ok(())
    }
}
