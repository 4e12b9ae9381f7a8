//! The network between a node and a supplier: requests and replies that are refused, lost, late,
//! doubled or garbled. What is on its way outlives the node that sent it.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::{Either, select};
use recharge_gateway::domain::limits::Day;
use recharge_gateway::seams::{BoxFuture, MaybeSent, NotSent, Outbound, SendFailure, Transport};
use tokio::sync::oneshot;

use crate::laws::Law;
use crate::notices::decimal;
use crate::scene::Fault;
use crate::supplier::{Asked, Says, Stand, order_of};
use crate::tasks::Owner;
use crate::time::START_MS;
use crate::world::World;

type Response = http::Response<Bytes>;

/// The clock of every supplier here, as adapters.toml has it where it says nothing.
const ZONE_OFFSET_S: i32 = 8 * 3_600;
/// No request leaves later than this after its stamp.
const MIDNIGHT_MS: i64 = 120_000;

/// One node's way to one supplier.
pub struct Wire {
    /// The world.
    pub world: Arc<World>,
    /// Whose.
    pub owner: Owner,
    /// The supplier, by its place in the scene.
    pub place: usize,
}

/// What a request asks, in the supplier's words.
#[derive(Debug, Clone)]
enum Question {
    Submit(Asked),
    Query(String),
    Recall(String),
}

impl Question {
    fn of(outbound: &Outbound) -> Self {
        let body = outbound.request.body();
        let field = |wanted: &str| {
            let mut pairs = url::form_urlencoded::parse(body);
            let found = pairs.find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        if outbound.request.uri().path().ends_with("/check") {
            return Self::Query(field("out_trade_nums"));
        }
        if outbound.request.uri().path().ends_with("/cancel") {
            return Self::Recall(field("out_trade_nums"));
        }
        Self::Submit(Asked {
            number: field("out_trade_num"),
            recipient: field("mobile"),
            face_minor: field("amount").parse::<i64>().unwrap() * 100,
            is_doubled: false,
        })
    }

    fn number(&self) -> &str {
        match self {
            Self::Submit(asked) => &asked.number,
            Self::Query(number) | Self::Recall(number) => number,
        }
    }
}

impl Transport for Wire {
    fn send(&self, outbound: Outbound) -> BoxFuture<'_, Result<Response, SendFailure>> {
        Box::pin(async move {
            let question = Question::of(&outbound);
            let order = order_of(question.number());
            let answer = self.exchange(&question, i64::try_from(outbound.timeout_ms).unwrap()).await;
            self.world.tell(order, || {
                let heard = match &answer {
                    Ok(reply) => format!("{} {}", reply.status().as_u16(), String::from_utf8_lossy(reply.body())),
                    Err(failure) => format!("{failure:?}"),
                };
                format!("{:?} hears of {}: {heard}", self.owner, question.number())
            });
            answer
        })
    }
}

impl Wire {
    async fn exchange(&self, question: &Question, timeout_ms: i64) -> Result<Response, SendFailure> {
        let world = &self.world;
        let name = world.suppliers[self.place].character.name;
        let order = order_of(question.number());
        self.keeps_rates(question);
        if world.strikes(Fault::Refused) {
            self.uses_stamp(question);
            world.sleep(world.dice.between(0, 100)).await;
            return Err(SendFailure::NotSent(NotSent::Connect));
        }
        let n = self.uses_stamp(question);
        if let Question::Submit(asked) = question {
            self.keeps_bookings(asked, n);
        }
        world.tell(order, || match question {
            Question::Submit(asked) => format!("{:?} sends {} to {name}", self.owner, asked.number),
            Question::Query(number) => format!("{:?} asks {name} about {number}", self.owner),
            Question::Recall(number) => format!("{:?} asks {name} to withdraw {number}", self.owner),
        });
        let (answer, answered) = oneshot::channel();
        self.carry(question, answer);
        match select(answered, world.sleep(timeout_ms)).await {
            Either::Left((Ok(reply), _)) => Ok(reply),
            // Its reply was lost, which shows as a reset or as silence.
            Either::Left((Err(_), _)) if world.dice.falls(300) => Err(SendFailure::MaybeSent(MaybeSent::Broken)),
            Either::Left((Err(_), rest)) => {
                rest.await;
                Err(SendFailure::MaybeSent(MaybeSent::Timeout))
            }
            Either::Right(_) => Err(SendFailure::MaybeSent(MaybeSent::Timeout)),
        }
    }

    /// I18: what one life of a node sends, submits and questions apart.
    fn keeps_rates(&self, question: &Question) {
        let Owner::Node { node, life } = self.owner else { return };
        let is_submit = matches!(question, Question::Submit(_));
        let limits = &self.world.scene.limits;
        let rate = if is_submit { limits.submit } else { limits.query };
        let step_ms = 60_000 / i64::from(rate.per_minute);
        let (now_ms, mut record) = (self.world.now_ms(), self.world.record());
        let next_at_ms = record.next_at_ms.entry((node, life, self.place, is_submit)).or_insert(now_ms);
        let early_ms = *next_at_ms - i64::from(rate.burst - 1) * step_ms - now_ms;
        *next_at_ms = now_ms.max(*next_at_ms) + step_ms;
        if early_ms > 0 {
            let how = format!("{:?} sends {} by {early_ms} ms too early", self.owner, question.number());
            record.breaks(Law::WithinContract, order_of(question.number()), how);
        }
    }

    /// I18: what a node sends of orders in a day, and for one recipient, whichever its life. What was before
    /// a life is known by the wall clock, so a clock that jumps excuses it; and one that jumps may begin a day.
    fn keeps_bookings(&self, asked: &Asked, n: Option<u8>) {
        let Owner::Node { node, life } = self.owner else { return };
        let world = &self.world;
        let limits = &world.scene.limits;
        let may_jump = world.scene.rates[Fault::ClockJumps.place()] > 0;
        let (now_ms, mut record) = (world.now_ms(), world.record());
        let day = Day::at(START_MS + now_ms, ZONE_OFFSET_S);
        let had = record.had.entry((node, self.place, day.number)).or_default();
        // What was stamped on the day before counts there, and may leave a little later.
        let is_of_this_day = START_MS + now_ms - day.began_ms >= MIDNIGHT_MS;
        *had += u32::from(n == Some(1) && is_of_this_day);
        let had = *had;
        if let Some(most) = limits.daily_orders.filter(|most| had > *most && !may_jump) {
            let how = format!("{:?} sends {}, order {had} of a day that takes {most}", self.owner, asked.number);
            record.breaks(Law::WithinContract, order_of(&asked.number), how);
        }
        let last = record.met.insert((node, self.place, asked.recipient.clone()), (now_ms, life));
        let Some((at_ms, in_life)) = last else { return };
        let apart_ms = now_ms - at_ms;
        if apart_ms < i64::from(limits.recipient_spacing_ms) && (in_life == life || !may_jump) {
            let how = format!("{:?} sends {} {apart_ms} ms after its recipient's last", self.owner, asked.number);
            record.breaks(Law::WithinContract, order_of(&asked.number), how);
        }
    }

    /// I6: a submit needs a stamp that was committed, acknowledged to this process, and not used yet.
    fn uses_stamp(&self, question: &Question) -> Option<u8> {
        let Question::Submit(asked) = question else { return None };
        let mut record = self.world.record();
        record.note_text(&asked.number);
        let n = record.leaves(&asked.number, self.owner);
        if n.is_none() {
            let how = format!("{:?} sends {} without a stamp of its own", self.owner, asked.number);
            record.breaks(Law::StampedBeforeSent, order_of(&asked.number), how);
        }
        n
    }

    /// Takes the request to the supplier and the reply back.
    fn carry(&self, question: &Question, answer: oneshot::Sender<Response>) {
        let world = &self.world;
        let is_submit = matches!(question, Question::Submit(_));
        if world.strikes(Fault::RequestLost) {
            return;
        }
        let character = world.suppliers[self.place].character;
        let may_double = is_submit && character.deduplicates && character.keeps_failed_ids;
        let copies = if may_double && world.strikes(Fault::RequestTwice) { 2 } else { 1 };
        let mut question = question.clone();
        if let Question::Submit(asked) = &mut question {
            asked.is_doubled = copies > 1;
        }
        let mut answer = Some(answer);
        for _ in 0..copies {
            let is_late = world.strikes(Fault::RequestLate);
            let there = world.sleep(world.dice.between(1, if is_late { 120_000 } else { 60 }));
            let (world, place, question, answer) = (Arc::clone(world), self.place, question.clone(), answer.take());
            let task_world = Arc::clone(&world);
            world.start(async move {
                there.await;
                let world = task_world;
                let reply = answer_of(&world, place, &question);
                if world.strikes(Fault::ReplyLost) {
                    return;
                }
                let is_late = world.strikes(Fault::ReplyLate);
                world.sleep(world.dice.between(1, if is_late { 1_500 } else { 60 })).await;
                if let Some(answer) = answer {
                    // Whoever asked may be gone.
                    let _ = answer.send(reply);
                }
            });
        }
    }
}

/// The supplier's answer in its own words, or what the network makes of it.
fn answer_of(world: &Arc<World>, place: usize, question: &Question) -> Response {
    if !world.state().is_calm && world.scene.too_many > 0 && world.dice.aside(0x7002).falls(world.scene.too_many) {
        return too_many(world);
    }
    let supplier = &world.suppliers[place];
    let body = match question {
        Question::Submit(asked) => {
            let number = &asked.number;
            let data = format!("{{\"order_number\":\"CZ\",\"out_trade_num\":\"{number}\"}}");
            match supplier.submit(world, place, asked.clone()) {
                Says::Taken => format!("{{\"errno\":0,\"data\":{data}}}"),
                Says::Delivered => format!("{{\"errno\":9,\"data\":{data}}}"),
                Says::Refuses => "{\"errno\":4,\"data\":[]}".to_owned(),
                Says::Exists => "{\"errno\":1,\"data\":[]}".to_owned(),
            }
        }
        Question::Recall(number) => match supplier.withdraw(world, place, number) {
            true => "{\"errno\":0,\"data\":{}}".to_owned(),
            false => "{\"errno\":1,\"data\":{}}".to_owned(),
        },
        Question::Query(number) => match supplier.asked(world, number) {
            None => "{\"errno\":0,\"data\":[]}".to_owned(),
            Some((stand, face_minor)) => {
                let (state, minor) = match stand {
                    Stand::Working => (0, 0),
                    Stand::Done => (1, face_minor),
                    Stand::Half => (3, face_minor / 2),
                    Stand::Failed | Stand::Refused => (2, 0),
                };
                let amount = decimal(minor);
                format!(
                    "{{\"errno\":0,\"data\":[{{\"order_number\":\"CZ\",\"out_trade_num\":\"{number}\",\"state\":{state},\
                     \"charge_amount\":\"{amount}\",\"voucher\":\"SN\"}}]}}"
                )
            }
        },
    };
    if world.strikes(Fault::ReplyGarbage) {
        return garbage(world, &body);
    }
    Response::new(Bytes::from(body))
}

/// Turned away before anybody looked at it, with a wish or without.
fn too_many(world: &World) -> Response {
    let mut reply = Response::new(Bytes::from_static(b"slow down"));
    *reply.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
    let seconds = world.dice.aside(0x7003).pick(&["", "1", "10", "120"]);
    if !seconds.is_empty() {
        reply.headers_mut().insert("retry-after", http::HeaderValue::from_static(seconds));
    }
    reply
}

/// Nothing that proves anything.
fn garbage(world: &World, body: &str) -> Response {
    let (status, body) = match world.dice.place(8) {
        0 => (500, "<html>Internal Server Error</html>".to_owned()),
        1 => (502, String::new()),
        2 => (200, String::new()),
        3 => (200, body.chars().take(body.len() / 2).collect()),
        4 => (302, body.to_owned()),
        5 => (200, "{\"errno\":777,\"data\":[]}".to_owned()),
        6 => (200, "{\"errno\":4,\"errno\":0,\"data\":[]}".to_owned()),
        _ => (
            200,
            "{\"errno\":0,\"data\":{\"order_number\":\"CZ\",\"out_trade_num\":\"1234567890101\"}}".to_owned(),
        ),
    };
    let mut reply = Response::new(Bytes::from(body));
    *reply.status_mut() = http::StatusCode::from_u16(status).unwrap();
    reply
}
