//! What happens to a connection, and to a submit on its way through its faults.
//!
//! The order of things is the point of a mock: write the request down, let it arrive (or not), charge in the book,
//! start the notifications, and only then answer (or not). A request that arrives late is handled by a task of its
//! own, so it charges even when the caller has long gone.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};

use crate::admin;
use crate::book::Settled;
use crate::clock::now_ms;
use crate::fault::Fault;
use crate::http::{Delivery, Received, Reply, Request, receive, send};
use crate::ledger::Verdict;
use crate::notify;
use crate::order::{Order, Submission};
use crate::script::Treatment;
use crate::seen::Operation;
use crate::supplier::Mock;
use crate::wire::{Answer, Ask, Named, Told};

/// The longest a submit waits for the notification that comes before its answer.
const BEFORE_REPLY_LIMIT: Duration = Duration::from_secs(1);

/// Serves one connection until either side ends it; an idle one ends when the mock stops accepting.
pub(crate) async fn connection(mock: Arc<Mock>, mut stream: TcpStream, mut accepting: watch::Receiver<bool>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut buffer = Vec::new();
    loop {
        let received = tokio::select! {
            biased;
            received = receive(&mut stream, &mut buffer) => received,
            _ = accepting.wait_for(|accepting| !accepting) => return,
        };
        let request = match received {
            Received::Request(request) => request,
            Received::Rubbish(reply) => {
                send(&mut stream, &reply, Delivery::Whole, false).await;
                return;
            }
            Received::Gone => return,
        };
        let keep_alive = request.keep_alive && *accepting.borrow();
        let (reply, delivery) = handle(&mock, &request).await;
        if !send(&mut stream, &reply, delivery, keep_alive).await {
            return;
        }
    }
}

async fn handle(mock: &Arc<Mock>, request: &Request) -> (Reply, Delivery) {
    if request.path.starts_with(admin::PREFIX) {
        return (admin::answer(mock, request), Delivery::Whole);
    }
    let ask = match mock.config.wire.read(&mock.config.credentials, request) {
        Ok(ask) => ask,
        Err(refusal) => return (refusal, Delivery::Whole),
    };
    let answer = match ask {
        Ask::Submit(submission) => return submit(mock, request, submission).await,
        Ask::Query(named) => query(mock, named),
        Ask::Recall(ids) => recall(mock, &ids),
        Ask::Balance => {
            let now = now_ms();
            let mut ledger = mock.ledger();
            ledger.requests.note(Operation::Balance, "", "", now);
            Answer::Balance(ledger.balance_minor(now))
        }
    };
    (mock.write(&answer), Delivery::Whole)
}

fn query(mock: &Mock, named: Named) -> Answer {
    let now = now_ms();
    let mut ledger = mock.ledger();
    let mut first = None;
    let mut found = Vec::new();
    let (numbers, are_ids) = match named {
        Named::Ids(ids) => (ids, true),
        Named::Refs(refs) => (refs, false),
    };
    for number in numbers {
        ledger.requests.note(Operation::Query, &number, "", now);
        let order = if are_ids {
            ledger.query_id(&number)
        } else {
            ledger.query_ref(&number)
        };
        found.extend(order.map(|order| told(order, now)));
        first.get_or_insert(number);
    }
    Answer::Found(found, first.unwrap_or_default())
}

fn recall(mock: &Mock, ids: &[String]) -> Answer {
    let now = now_ms();
    let mut ledger = mock.ledger();
    let mut are_all = true;
    for id in ids {
        ledger.requests.note(Operation::Recall, id, "", now);
        match ledger.withdraw(id, now) {
            Ok(is_withdrawn) => are_all &= is_withdrawn,
            Err(_) => return Answer::Broken,
        }
    }
    Answer::Recalled(are_all)
}

fn told(order: Order, now_ms: u64) -> Told {
    let settled = order.settled_at(now_ms);
    Told { order, settled }
}

async fn submit(mock: &Arc<Mock>, request: &Request, submission: Submission) -> (Reply, Delivery) {
    let treatment = {
        let mut ledger = mock.ledger();
        let transmission = ledger
            .requests
            .note(Operation::Submit, &submission.id, &submission.recipient, now_ms());
        ledger.scripts.treat(&submission, transmission)
    };
    let delivery = delivery(&treatment);
    let answer_fault = treatment.answer;
    if answer_fault.is_some_and(|fault| !fault.lets_charge()) {
        let reply = mock.write(&Answer::Accepted(imagined(mock, &submission)));
        return (spoil(mock, request, &submission, answer_fault, reply), delivery);
    }
    let id_and_recipient = submission.clone();
    // A task of its own: what has arrived is handled to its end, whatever becomes of the connection.
    let (done, handled) = oneshot::channel();
    let owner = Arc::clone(mock);
    mock.background.run(async move {
        if let Some(Fault::ArriveLate { after_ms }) = treatment.arrival {
            sleep(Duration::from_millis(after_ms)).await;
        }
        let answer = arrive(&owner, &submission, &treatment).await;
        // The caller may have gone: the charge stands.
        done.send(answer).ok();
    });
    let answer = handled.await.unwrap_or(Answer::Broken);
    let answer = match (answer_fault, answer) {
        (Some(Fault::OrderExists), Answer::Accepted(told)) => Answer::ExistsAfterRace(told),
        (_, answer) => answer,
    };
    let reply = mock.write(&answer);
    let reply = spoil(mock, request, &id_and_recipient, answer_fault, reply);
    (reply, delivery)
}

/// Handles a submit that has arrived: books it, starts its notifications, and says the healthy answer.
async fn arrive(mock: &Arc<Mock>, submission: &Submission, treatment: &Treatment) -> Answer {
    let now = now_ms();
    let copies = if treatment.copies.is_some() { 2 } else { 1 };
    let mut verdicts = Vec::new();
    {
        let mut ledger = mock.ledger();
        for _ in 0..copies {
            match ledger.submit(submission, treatment, now) {
                Ok(verdict) => verdicts.push(verdict),
                Err(_) => return Answer::Broken,
            }
        }
    }
    let before_reply = treatment.order_has(Fault::NotifyBeforeReply);
    for verdict in &verdicts {
        if let Verdict::Accepted(order) = verdict {
            let first_tried = notify::start(mock, order, 0);
            if before_reply {
                // Either the try is over or the limit is: the answer leaves in both cases.
                timeout(BEFORE_REPLY_LIMIT, first_tried).await.ok();
            }
        }
    }
    match verdicts.into_iter().next() {
        Some(Verdict::Accepted(order)) if before_reply => Answer::Accepted(Told {
            order: *order,
            settled: Settled::Processing,
        }),
        Some(Verdict::Accepted(order)) => Answer::Accepted(told(*order, now)),
        Some(Verdict::Exists) => Answer::Exists,
        Some(Verdict::Refused(refusal)) => Answer::Refused(refusal),
        None => Answer::Broken,
    }
}

/// An order that was never taken on, for answers that lie.
fn imagined(mock: &Mock, submission: &Submission) -> Told {
    let (cost_minor, face_minor) = mock.config.costs.price(&submission.product, submission.face_minor);
    let supplier_ref = format!("{}X", mock.ledger().next_ref());
    Told {
        order: Order {
            id: submission.id.clone(),
            recipient: submission.recipient.clone(),
            product: submission.product.clone(),
            quantity: submission.quantity,
            face_minor,
            cost_minor,
            percent: 100,
            notify_url: None,
            supplier_ref,
            at_ms: now_ms(),
            charged: false,
            turns: Vec::new(),
            faults: Vec::new(),
            hidden_queries: 0,
        },
        settled: Settled::Processing,
    }
}

/// How the answer leaves under these faults; a pace is pointless for an answer that never leaves whole.
fn delivery(treatment: &Treatment) -> Delivery {
    match (treatment.answer, treatment.pace) {
        (Some(Fault::ChargeThenHang | Fault::HangUncharged), _) => Delivery::Withheld,
        (Some(Fault::ChargeThenReset), _) => Delivery::Reset,
        (Some(Fault::Truncated { .. }), _) => Delivery::Cut,
        (_, Some(Fault::SlowDrip { ms_per_byte })) => Delivery::Dripping(ms_per_byte),
        (_, _) => Delivery::Whole,
    }
}

/// The answer after its fault.
fn spoil(mock: &Mock, request: &Request, submission: &Submission, fault: Option<Fault>, mut reply: Reply) -> Reply {
    if matches!(fault, Some(Fault::Status500 { .. })) {
        return Reply::text(500, "Internal Server Error");
    }
    if matches!(fault, Some(Fault::Html502 { .. })) {
        let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
            <center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
        return Reply::new(502, "text/html", page.as_bytes().to_vec());
    }
    if matches!(fault, Some(Fault::Empty { .. })) {
        reply.body.clear();
    } else if matches!(fault, Some(Fault::GbkGarbage { .. })) {
        mock.config.wire.garble(&mut reply);
    } else if matches!(fault, Some(Fault::UnlistedCode { .. })) {
        let pick = mock.dice.throw(&[&submission.recipient, &submission.id, "unlisted"]);
        return mock.write(&Answer::Unlisted(pick));
    } else if fault == Some(Fault::Redirect307) {
        let mut redirect = Reply::text(307, "");
        let query = if request.query.is_empty() {
            String::new()
        } else {
            format!("?{}", request.query)
        };
        redirect.location = Some(format!("{}{query}", request.path));
        return redirect;
    }
    reply
}
