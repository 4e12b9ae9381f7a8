//! What the demo prints: one line as each order ends, a summary, and what to try next.

use std::io::{IsTerminal, Write};

use secrecy::ExposeSecret;

use super::Played;
use super::judge::{Judgement, Summary};
use super::script::Line;
use super::stage::Stage;

/// The terminal, or whatever standard output is.
pub(super) struct Show {
    out: std::io::Stdout,
    is_terminal: bool,
}

impl Show {
    pub(super) fn new() -> Self {
        let out = std::io::stdout();
        let is_terminal = out.is_terminal();
        Self { out, is_terminal }
    }

    fn line(&mut self, text: &str) -> anyhow::Result<()> {
        let clear = if self.is_terminal { "\r\x1b[2K" } else { "" };
        Ok(writeln!(self.out, "{clear}{text}")?)
    }

    pub(super) fn title(&mut self, seed: u64) -> anyhow::Result<()> {
        self.line(&format!(
            "Recharge gateway: 60 orders through three suppliers that misbehave (seed {seed})"
        ))
    }

    pub(super) fn stage(&mut self, stage: &Stage) -> anyhow::Result<()> {
        self.line(&format!("gateway   http://{}", stage.address()))?;
        for (name, mock) in ["north", "river", "stone"].into_iter().zip(&stage.mocks) {
            self.line(&format!("{name:<9} {}/_mock/book", mock.base_url()))?;
        }
        self.line(&format!("data      {}", stage.folder().display()))?;
        self.line("")
    }

    pub(super) fn progress(&mut self, ended: usize, sent: usize, open: usize, all: usize) -> anyhow::Result<()> {
        if self.is_terminal {
            write!(self.out, "\r\x1b[2K{sent}/{all} sent, {ended} ended, {open} open")?;
            self.out.flush()?;
        }
        Ok(())
    }

    pub(super) fn ended(&mut self, position: usize, line: &Line, one: &Played) -> anyhow::Result<()> {
        let took = one.took_ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms} ms"));
        let state = if one.finality == "unknown" {
            "in doubt"
        } else {
            one.status.as_str()
        };
        let mark = if line.faults.is_empty() && line.then.is_empty() { ' ' } else { '!' };
        let sku = line.first.sku();
        self.line(&format!(
            "{:>3} {mark} {state:<20} {took:>9}  {sku:<18} {}",
            position.saturating_add(1),
            line.title
        ))
    }

    pub(super) fn summary(&mut self, judgement: &Judgement) -> anyhow::Result<()> {
        let s = &judgement.summary;
        self.line("")?;
        self.line(&format!(
            "{} orders: {} delivered, {} partial, {} failed, {} in doubt",
            s.orders, s.delivered, s.partial, s.failed, s.in_doubt
        ))?;
        self.line(&format!(
            "by the suppliers' books: {} recharged twice; lost: {}; ledger sum: {}; callbacks: {}",
            s.twice_recharged, s.lost, s.ledger_sum, s.callbacks_delivered
        ))?;
        self.line(&format!("order to callback: p50 {} ms, p99 {} ms", s.p50_ms, s.p99_ms))?;
        for fault in &judgement.faults {
            self.line(&format!("NOT AS IT MUST BE  {fault}"))?;
        }
        if judgement.is_well() {
            self.line("Every order ended as its script allows.")?;
        }
        Ok(())
    }

    pub(super) fn json(&mut self, summary: &Summary) -> anyhow::Result<()> {
        let text = serde_json::to_string(summary)?;
        self.line(&text)
    }

    /// Commands that work as printed, in any shell with curl and openssl.
    pub(super) fn what_next(&mut self, stage: &Stage, played: &[Played]) -> anyhow::Result<()> {
        let base = format!("http://{}", stage.address());
        let in_doubt = played.iter().find(|one| one.finality == "unknown").or_else(|| played.first());
        let id = in_doubt.and_then(|one| one.id.clone()).unwrap_or_default();
        let body = r#"{"shop_order_no":"TRY-1","sku":"mobile-100-north","inputs":{"account":"13800138000"}}"#;
        self.line("")?;
        self.line("The gateway stays up; ctrl-c ends it. Try, in another terminal:")?;
        self.line("")?;
        self.line(&format!("curl -s {base}/readyz; echo"))?;
        if let Some(mock) = stage.mocks.first() {
            self.line(&format!("curl -s {}/_mock/book; echo", mock.base_url()))?;
        }
        self.line("")?;
        self.line("# as the demo shop: sign METHOD, path, time, nonce and the body's hash")?;
        self.line(&format!(
            "call() {{ T=$(date +%s); N=$(openssl rand -hex 12); H=$(printf %s \"$3\" | openssl dgst -sha256 -r | cut -d' ' -f1); \
             S=$(printf '%s\\n%s\\n%s\\n%s\\n%s' \"$1\" \"$2\" \"$T\" \"$N\" \"$H\" | openssl dgst -sha256 -hmac {} -r | cut -d' ' -f1); \
             curl -s -X \"$1\" \"{base}$2\" -H \"X-Shop-Key: {}\" -H \"X-Timestamp: $T\" -H \"X-Nonce: $N\" -H \"X-Signature: $S\" \
             -H 'Content-Type: application/json' -H 'Prefer: wait=10' ${{3:+-d \"$3\"}}; echo; }}",
            stage.shop_secret.expose_secret(),
            stage.shop_key
        ))?;
        self.line("call GET /v1/balance")?;
        self.line(&format!("call GET /v1/orders/{id}/timeline"))?;
        self.line(&format!("call POST /v1/orders '{body}'"))?;
        self.line("")
    }
}
