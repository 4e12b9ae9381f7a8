//! The benchmark's supplier. It speaks the wire of two dialects: one answers an order at once, the
//! other takes it and notifies later. It charges what it is asked and writes it into the book.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use md5::{Digest, Md5};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::book::Book;
use crate::catalog::SIGNING_KEY;
use crate::wire::{Connection, Message, field, ok, serve};

/// Connections that carry notifications to one gateway.
const NOTIFIERS: usize = 64;

pub struct Supplier {
    book: Arc<Book>,
    hold_ms: AtomicU64,
    pub held: AtomicUsize,
    is_withholding: AtomicBool,
    withheld: Mutex<Vec<Notice>>,
    outboxes: Mutex<BTreeMap<u16, mpsc::UnboundedSender<Notice>>>,
}

/// What is to be told to whom.
struct Notice {
    port: u16,
    path: String,
    number: String,
    serial: usize,
}

impl Supplier {
    pub async fn open(book: Arc<Book>) -> std::io::Result<(Arc<Self>, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let supplier = Arc::new(Self {
            book,
            hold_ms: AtomicU64::new(0),
            held: AtomicUsize::new(0),
            is_withholding: AtomicBool::new(false),
            withheld: Mutex::default(),
            outboxes: Mutex::default(),
        });
        let at_work = Arc::clone(&supplier);
        tokio::spawn(serve(listener, move |message| Arc::clone(&at_work).answer(message)));
        Ok((supplier, address))
    }

    /// From now on every submit is answered only after this time.
    pub fn hold(&self, time: Duration) {
        self.hold_ms.store(u64::try_from(time.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }

    /// From now on accepted orders are not notified, until `release`.
    pub fn withhold(&self) {
        self.is_withholding.store(true, Ordering::Relaxed);
    }

    /// How many notifications are withheld.
    pub fn withheld(&self) -> usize {
        self.withheld.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Notifies what was withheld, so many a second, and from now on notifies at once.
    pub async fn release(&self, per_second: usize) {
        self.is_withholding.store(false, Ordering::Relaxed);
        let notices = std::mem::take(&mut *self.withheld.lock().unwrap_or_else(PoisonError::into_inner));
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        let mut notices = notices.into_iter();
        while notices.len() > 0 {
            pace.tick().await;
            for notice in notices.by_ref().take(per_second.div_ceil(100)) {
                self.send(notice);
            }
        }
    }

    async fn answer(self: Arc<Self>, message: Message) -> Vec<u8> {
        let target = message.target();
        if target.starts_with("/onlineorder.do") {
            return self.deliver(target).await;
        }
        let form = std::str::from_utf8(&message.body).unwrap_or_default();
        if target.ends_with("/recharge") {
            return self.accept(form);
        }
        // A question about an order that is still waiting.
        let number = field(form, "out_trade_nums").unwrap_or_default();
        ok(
            "application/json",
            &format!(
                r#"{{"errno":0,"errmsg":"ok","data":[{{"order_number":"CZ{number}","out_trade_num":"{number}","status":3,"state":0,"charge_amount":"0.00","total_price":"98.00"}}]}}"#
            ),
        )
    }

    async fn deliver(&self, target: &str) -> Vec<u8> {
        let number = field(target, "sporder_id").unwrap_or_default();
        let account = field(target, "game_userid").unwrap_or_default();
        let serial = serial_of(account);
        self.book.charge(serial);
        let hold_ms = self.hold_ms.load(Ordering::Relaxed);
        if hold_ms > 0 {
            self.held.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(hold_ms)).await;
            self.held.fetch_sub(1, Ordering::Relaxed);
        }
        self.book.word(serial);
        ok(
            "text/xml",
            &format!(
                "<?xml version=\"1.0\" encoding=\"GBK\"?>\n<orderinfo><err_msg></err_msg><retcode>1</retcode><orderid>OF{number}</orderid><cardid>140101</cardid><cardnum>100</cardnum><ordercash>98.00</ordercash><cardname>mobile</cardname><sporder_id>{number}</sporder_id><game_userid>{account}</game_userid><game_state>1</game_state></orderinfo>"
            ),
        )
    }

    fn accept(&self, form: &str) -> Vec<u8> {
        let number = field(form, "out_trade_num").unwrap_or_default();
        let serial = serial_of(field(form, "mobile").unwrap_or_default());
        self.book.charge(serial);
        // http%3A%2F%2F127.0.0.1%3A8080%2Fnotify%2Fnorth
        let url = field(form, "notify_url").unwrap_or_default();
        let (_, rest) = url.rsplit_once("%3A").unwrap_or_default();
        let (port, path) = rest.split_once("%2F").unwrap_or_default();
        if let Ok(port) = port.parse() {
            let notice = Notice {
                port,
                path: format!("/{}", path.replace("%2F", "/")),
                number: number.to_owned(),
                serial,
            };
            if self.is_withholding.load(Ordering::Relaxed) {
                self.withheld.lock().unwrap_or_else(PoisonError::into_inner).push(notice);
            } else {
                self.send(notice);
            }
        }
        ok(
            "application/json",
            &format!(
                r#"{{"errno":0,"errmsg":"ok","data":{{"order_number":"CZ{number}","out_trade_num":"{number}","total_price":"98.00"}}}}"#
            ),
        )
    }

    fn send(&self, notice: Notice) {
        let mut outboxes = self.outboxes.lock().unwrap_or_else(PoisonError::into_inner);
        let outbox = outboxes.entry(notice.port).or_insert_with(|| self.outbox());
        // The receivers live as long as the process.
        let _ = outbox.send(notice);
    }

    /// Connections that take what is sent into the channel, each one notification at a time.
    fn outbox(&self) -> mpsc::UnboundedSender<Notice> {
        let (sender, receiver) = mpsc::unbounded_channel::<Notice>();
        let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
        for _ in 0..NOTIFIERS {
            let (receiver, book) = (Arc::clone(&receiver), Arc::clone(&self.book));
            tokio::spawn(async move {
                let mut connection = None;
                loop {
                    let next = receiver.lock().await.recv().await;
                    let Some(notice) = next else { return };
                    // Repeated until acknowledged, as suppliers do.
                    while !tell(&mut connection, &notice, &book).await {
                        connection = None;
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            });
        }
        sender
    }
}

/// One try to notify; whether it was acknowledged.
async fn tell(connection: &mut Option<Connection>, notice: &Notice, book: &Book) -> bool {
    if connection.is_none() {
        *connection = Connection::to(SocketAddr::from(([127, 0, 0, 1], notice.port))).await.ok();
    }
    let Some(open) = connection else { return false };
    book.word(notice.serial);
    let acknowledged = open.exchange(&request(notice)).await;
    acknowledged.is_ok_and(|reply| reply.status() == 200)
}

fn request(notice: &Notice) -> Vec<u8> {
    let (number, path) = (&notice.number, &notice.path);
    let mobile = recipient(notice.serial);
    // Signed over everything that is sent, sorted by name, empty values too.
    let over = format!(
        "charge_amount=100.00&charge_kami=&mobile={mobile}&order_number=CZ{number}&otime=1767196900&out_trade_num={number}&remark=ok&state=1&userid=10001&voucher=SN{number}&apikey={SIGNING_KEY}"
    );
    let sign = hex::encode_upper(Md5::digest(over.as_bytes()));
    let body = format!(
        "userid=10001&order_number=CZ{number}&out_trade_num={number}&otime=1767196900&state=1&mobile={mobile}&remark=ok&charge_amount=100.00&voucher=SN{number}&charge_kami=&sign={sign}"
    );
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}",
        notice.port
    )
    .into_bytes()
}

/// Who is topped up by an order.
pub fn recipient(serial: usize) -> String {
    format!("138{serial:08}")
}

/// The order that tops up a recipient.
pub fn serial_of(recipient: &str) -> usize {
    recipient.strip_prefix("138").and_then(|digits| digits.parse().ok()).unwrap_or(0)
}
