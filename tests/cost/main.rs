//! What an order costs, counted instead of timed: allocations, database statements and commits of a
//! fixed run. The counts hardly change from run to run, so the bounds are tight: who makes an order
//! dearer sees it here, and either mends it or raises the bound and says why in the commit.
//!
//! One order after the other, through the real HTTP handlers, dispatch, SQLite and callbacks, with
//! a supplier and a shop in memory. `cargo xtask bench` tells what the counts mean in microseconds.
//! One test, because whatever another one allocated meanwhile would be counted too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

#[path = "../../benches/cost/catalog.rs"]
mod catalog;
mod house;
mod wires;

use std::ops::RangeFrom;

use alloc_tracker::{Allocator, Session};

use catalog::{AT_ONCE, LATER};
use house::House;

#[global_allocator]
static ALLOCATOR: Allocator<std::alloc::System> = Allocator::system();

/// Orders before the count begins: caches, pools and prepared statements are warm by then.
const WARM_UP: usize = 100;
/// Orders counted.
const COUNTED: usize = 200;

/// What the counted orders cost, all together.
#[derive(Debug)]
struct Cost {
    allocations: u64,
    statements: u64,
    commits: u64,
}

/// Bounds for each order; a little above what was measured, for a library's update may move it a little.
const AT_ONCE_AT_MOST: Cost = Cost {
    allocations: 690,
    statements: 21,
    commits: 3,
};
const LATER_AT_MOST: Cost = Cost {
    allocations: 910,
    statements: 27,
    commits: 4,
};

#[actix_web::test]
async fn an_order_costs_no_more_allocations_statements_and_commits_than_it_did() {
    let house = House::open().await;
    let mut next = 1..;
    for (sku, at_most) in [(AT_ONCE, AT_ONCE_AT_MOST), (LATER, LATER_AT_MOST)] {
        let cost = cost_of(&house, sku, &mut next).await;
        println!("{sku}, {COUNTED} orders: {cost:?}");
        for (what, is, an_order) in [
            ("allocations", cost.allocations, at_most.allocations),
            ("statements", cost.statements, at_most.statements),
            ("commits", cost.commits, at_most.commits),
        ] {
            let may_be = an_order * u64::try_from(COUNTED).unwrap();
            assert!(
                is <= may_be,
                "{sku}: {is} {what}, at most {may_be}, which is {an_order} an order: it has become dearer"
            );
            // A bound far above what is measured guards nothing.
            assert!(is * 10 >= may_be * 9, "{sku}: {is} {what}: lower the bound of {may_be}");
        }
    }
    house.close().await;
}

async fn cost_of(house: &House, sku: &str, next: &mut RangeFrom<u32>) -> Cost {
    for number in next.by_ref().take(WARM_UP) {
        house.order(sku, number).await;
    }
    let session = Session::new().no_stdout().no_file();
    let counted = session.operation("orders");
    let before = house.counts();
    {
        let _counting = counted.measure_process().iterations(u64::try_from(COUNTED).unwrap());
        for number in next.by_ref().take(COUNTED) {
            house.order(sku, number).await;
        }
    }
    let after = house.counts();
    let report = session.to_report();
    Cost {
        allocations: report.operations().map(|(_, counted)| counted.total_allocations_count()).sum(),
        statements: after.statements - before.statements,
        commits: after.commits - before.commits,
    }
}
