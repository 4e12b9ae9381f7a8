//! The real program, set up by its own commands, killed with SIGKILL in the middle of its orders.
//!
//! The suppliers live in this process and keep their books; the gateway is another process that is
//! killed and started again. Whatever it answered with 2xx must be there afterwards, and no order
//! may have been charged twice.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use mock_suppliers::{Dedupe, Fault, MockConfig, MockSupplier, Wire};
use recharge_gateway::seams::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::house::order_of;
use crate::shop::Agent;

const ORDERS: usize = 200;
const KILLS: usize = 4;

#[actix_web::test]
async fn orders_survive_kills_and_none_is_charged_twice() {
    let world = World::new().await;
    let clock = SystemClock::new();
    let shop = world.set_up();
    let mut gateway = world.serve().await;
    let agent = Agent::new(world.address, &shop.key, &shop.secret);
    let mut accepted: BTreeMap<String, String> = BTreeMap::new();
    let mut next = 0;
    for kill in 1..=KILLS {
        let until = ORDERS * kill / KILLS;
        let blow = async {
            // Later kills fall later into the wave: before, between and after stamps, sends and replies.
            clock.sleep(Duration::from_millis(u64::try_from(30 * kill).unwrap())).await;
            gateway.kill().unwrap();
            gateway.wait().unwrap();
        };
        let (answers, ()) = futures_util::future::join(submit_all(agent.clone(), next..until), blow).await;
        for (number, answer) in answers {
            if let Some(id) = answer {
                accepted.insert(number, id);
            }
        }
        next = until;
        gateway = world.serve().await;
    }
    // The shop repeats every number, as shops do: the same order for those that were accepted.
    for (number, answer) in submit_all(agent.clone(), 0..ORDERS).await {
        let id = answer.expect("a quiet gateway takes every order");
        let before = accepted.insert(number.clone(), id.clone());
        assert!(
            before.is_none_or(|before| before == id),
            "{number} was accepted before as another order"
        );
    }
    let started = clock.monotonic();
    for (number, id) in &accepted {
        loop {
            let (status, order) = agent.get(&format!("/v1/orders/{id}")).await;
            assert_eq!(status, 200, "{number} was accepted and is gone");
            if order["finality"] == "final" {
                assert_eq!(order["status"], "succeeded", "{order}");
                break;
            }
            assert!(clock.monotonic().saturating_sub(started) < Duration::from_secs(60), "{order}");
            clock.sleep(Duration::from_millis(50)).await;
        }
    }
    let books = world
        .mocks
        .iter()
        .flat_map(MockSupplier::book)
        .filter(mock_suppliers::Charge::ends_delivered);
    let mut charged: BTreeMap<String, usize> = BTreeMap::new();
    for charge in books {
        *charged.entry(order_of(&charge)).or_default() += 1;
    }
    for (number, id) in &accepted {
        assert_eq!(charged.get(id), Some(&1), "{number} ({id})");
    }
    assert_eq!(charged.len(), ORDERS, "a supplier was charged for an order that no shop knows");
    gateway.kill().unwrap();
    gateway.wait().unwrap();
    let shops = world.command(&["shop", "list", "--json"]);
    assert_eq!(shops["shops"][0]["held"], "0.00", "{shops}");
    assert_eq!(shops["shops"][0]["available"], "80100.00", "{shops}");
}

#[actix_web::test]
async fn a_second_process_on_the_same_database_is_turned_away() {
    let world = World::new().await;
    world.set_up();
    let mut first = world.serve().await;
    let second = world
        .program(&["serve"])
        .env("RECHARGE_GATEWAY__SERVER__LISTEN", "127.0.0.1:0")
        .output()
        .unwrap();
    assert!(!second.status.success());
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(told.contains("gateway.db"), "{told}");
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn the_program_for_use_has_no_place_to_die() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_recharge-gateway")).unwrap();
    let program = String::from_utf8_lossy(&program);
    let has = |word: &str| program.contains(word);
    // Found only if this looks at the right file.
    assert!(has("RECHARGE_GATEWAY__"), "this is not the gateway");
    for word in ["RECHARGE_FAILPOINT", "after-outbox-send"] {
        assert!(!has(word), "`{word}` is in the program: it was built with failpoints");
    }
}

/// Orders all of these, a few at once.
async fn submit_all(agent: Agent, numbers: Range<usize>) -> Vec<(String, Option<String>)> {
    stream::iter(numbers)
        .map(|n| submit(agent.clone(), n))
        .buffer_unordered(25)
        .collect()
        .await
}

/// Orders once; the order's id, if the gateway lived to answer.
async fn submit(agent: Agent, n: usize) -> (String, Option<String>) {
    let number = format!("KILL-{n}");
    let body = json!({ "shop_order_no": number, "sku": "mobile-100", "inputs": { "account": format!("139{n:08}") } });
    match agent.try_post("/v1/orders", &body).await {
        Some((200 | 201, told)) => (number, told["id"].as_str().map(str::to_owned)),
        Some(_) | None => (number, None),
    }
}

struct World {
    folder: tempfile::TempDir,
    mocks: Vec<MockSupplier>,
    address: SocketAddr,
}

struct ShopKeys {
    key: String,
    secret: String,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut mocks = Vec::new();
        for (name, wire) in [("north", Wire::Dayuanren), ("river", Wire::Ofpay)] {
            let mut config = MockConfig::new(name, wire);
            config.dedupe = Dedupe::ById { keeps_failed: true };
            config.fault_rate = vec![
                (Fault::ChargeThenReset, 300),
                (Fault::Status500 { charged: true }, 300),
                (Fault::Refuse, 500),
            ];
            if name == "river" {
                config.fault_rate.clear();
            }
            mocks.push(MockSupplier::start(config).await.unwrap());
        }
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let world = Self { folder, mocks, address };
        world.write(
            "gateway.toml",
            &format!("[server]\nlisten = \"{address}\"\n[store]\npath = \"gateway.db\"\n{POLICY}"),
        );
        world.write("adapters.toml", &world.adapters());
        world.write("products.csv", PRODUCTS);
        world.write("offers.csv", OFFERS);
        world
    }

    fn adapters(&self) -> String {
        let table = |name: &str, dialect: &str, user: &str, secrets: &str, mock: &MockSupplier| {
            format!(
                "[supplier.{name}]\ndialect = \"{dialect}\"\nlabel = \"{name}\"\nbase_url = \"{}\"\nconnect_timeout_ms = 500\n\
                 submit_timeout_ms = 600\nquery_timeout_ms = 600\nsecrets = {secrets}\ncfg = {{ userid = \"{user}\" }}\n\
                 [supplier.{name}.limits]\nsubmit = {{ per_minute = 60000, burst = 50 }}\nquery = {{ per_minute = 60000, burst = 50 }}\n\
                 [supplier.{name}.promises]\ndeduplicates = true\nkeeps_failed_ids = true\nhorizon_ms = 86400000\nfailed_is_final = true\n",
                mock.base_url()
            )
        };
        let north = table("north", "dayuanren", "10001", "{ key = \"NORTH_KEY\" }", &self.mocks[0]);
        let river = table(
            "river",
            "ofpay",
            "A00001",
            "{ key = \"RIVER_KEY\", password = \"RIVER_PASSWORD\" }",
            &self.mocks[1],
        );
        format!("{north}{river}")
    }

    /// A shop with 1,000 yuan for each order, by the program's own commands.
    fn set_up(&self) -> ShopKeys {
        let shop = self.command(&["shop", "add", "--name", "Story shop", "--currency", "CNY", "--json"]);
        self.command(&["shop", "credit", "1", "100000.00", "--reference", "story", "--json"]);
        self.command(&["product", "import", "products.csv", "--json"]);
        self.command(&["offer", "import", "offers.csv", "--json"]);
        let word = |name: &str| shop[name].as_str().unwrap().to_owned();
        ShopKeys {
            key: word("key"),
            secret: word("request_secret"),
        }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_recharge-gateway")));
        let river = Wire::Ofpay.demo_credentials();
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("NORTH_KEY", Wire::Dayuanren.demo_credentials().key)
            .env("RIVER_KEY", river.key)
            .env("RIVER_PASSWORD", river.password.unwrap())
            .stdin(Stdio::null());
        command
    }

    fn command(&self, arguments: &[&str]) -> Value {
        let done = self.program(arguments).output().unwrap();
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{arguments:?}: {told}");
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// Starts the server and waits until it is ready.
    async fn serve(&self) -> Child {
        let mut child = self
            .program(&["serve"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let clock = SystemClock::new();
        let agent = Agent::new(self.address, "", "");
        for _ in 0..500 {
            if agent.try_get("/readyz").await.is_some_and(|(status, _)| status == 200) {
                return child;
            }
            clock.sleep(Duration::from_millis(20)).await;
        }
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        panic!("the gateway did not get ready: {ended}");
    }
}

const POLICY: &str = "[policy]\ndoubt_query_ms = [100, 200, 400, 800]\naccepted_query_ms = [300, 600, 1000]\nreply_margin_ms = 200\n\
                      unreachable_pause_ms = 300\n";
const PRODUCTS: &str = "sku,name,kind,currency,face_value,price,max_quantity,deadline_seconds,may_lose_money,on_sale,inputs\n\
                        mobile-100,Mobile 100,top_up,CNY,100.00,99.50,1,120,false,true,account:digits:11-11!\n";
const OFFERS: &str = "supplier,sku,face_value,cost,priority,code,enabled\n\
                      north,mobile-100,100.00,98.00,1,12,true\nriver,mobile-100,100.00,98.00,2,140101,true\n";
