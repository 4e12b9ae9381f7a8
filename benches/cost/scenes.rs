//! What is not a matter of orders a second: orders that wait, connections that are held, a kill in
//! the middle of both, and an operator who looks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::book::Book;
use crate::catalog::{AT_ONCE, LATER};
use crate::gateway::{Site, held};
use crate::measure::{Times, ratio};
use crate::report::{Report, Spread};
use crate::run::{Options, World};
use crate::shop::{Clients, Load, Pace};

/// Nothing is asked while orders wait, so that what is measured is waiting.
const ASK_TOMORROW: &str = "accepted_query_ms = [86400000]";
/// Notifications a second when all that waited ends.
const RELEASE_PER_S: usize = 1_500;

/// Lists and searches without a break while a round lasts; how many calls were answered.
pub async fn operator(site: &Site, book: &Arc<Book>, times: Times) -> anyhow::Result<u64> {
    let end = Instant::now() + times.warm_up + times.measured;
    let mut calls = 0;
    while Instant::now() < end {
        let number = book.serials().saturating_sub(2_000).max(1);
        let shop = number % 10 + 1;
        for call in [
            r#"{"call":"shop_list"}"#.to_owned(),
            r#"{"call":"case_list"}"#.to_owned(),
            r#"{"call":"callback_list"}"#.to_owned(),
            format!(r#"{{"call":"order_show","by":"shop_no","shop":{shop},"number":"b{number:08}"}}"#),
        ] {
            site.admin(&call).await?;
            calls += 1;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(calls)
}

/// Everything but the operator, each on a gateway of its own.
pub async fn all(world: &World, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    waiting(world, options, report).await?;
    holding(world, options, report).await
}

/// Orders that an asynchronous supplier took and has not spoken of: what each costs in memory, how
/// long a killed gateway takes to serve again, and that none is lost.
async fn waiting(world: &World, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    println!("{} orders wait", options.waiting);
    let site = world.site("waiting", ASK_TOMORROW)?;
    site.stock(crate::run::SHOPS, 0).await?;
    let mut gateway = site.start().await?;
    let load = Load {
        pace: Pace::WhenTaken,
        ..world.load(&gateway, LATER, options.clients)
    };
    // Pools, caches and queues as they are at work.
    let warm_up = Load {
        pace: Pace::WhenTold,
        ..load.clone()
    };
    Clients::start(&warm_up, &world.book, options.waiting / 10).ended().await;
    let before = gateway.resident();
    let first = world.book.serials();
    world.supplier.withhold();
    let seen = Clients::start(&load, &world.book, options.waiting).ended().await;
    ensure!(seen.refused == 0, "{} orders were refused", seen.refused);
    until("every order waits", || world.supplier.withheld() >= options.waiting)
        .await
        .with_context(|| format!("{} wait", world.supplier.withheld()))?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let each = ratio(gateway.resident().saturating_sub(before), u64::try_from(options.waiting)?);
    report.ratios.insert("waiting_bytes_per_order", Spread::single(each));

    gateway.kill();
    let begin = Instant::now();
    let gateway = site.start().await?;
    report.ratios.insert("restart_s", Spread::single(begin.elapsed().as_secs_f64()));
    println!(
        "  {each:.0} bytes each; serving {:.2} s after the kill",
        begin.elapsed().as_secs_f64()
    );
    world.supplier.release(RELEASE_PER_S).await;
    let last = world.book.serials();
    let all_told = || (first..last).all(|serial| world.book.entry(serial).is_none_or(crate::book::Entry::is_told));
    until("every order that waited has ended", all_told).await?;
    ensure!(held(&site).await?.is_empty(), "money is still held though every order has ended");
    report.counts.insert("waiting_orders_none_lost", u64::try_from(options.waiting)?);
    drop(gateway);
    Ok(())
}

/// Orders whose supplier holds the connection for ten seconds.
async fn holding(world: &World, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    println!("{} connections are held", options.held);
    let site = world.site("holding", "")?;
    site.stock(crate::run::SHOPS, 0).await?;
    let gateway = site.start().await?;
    let load = Load {
        pace: Pace::WhenTaken,
        ..world.load(&gateway, AT_ONCE, options.clients)
    };
    let warm_up = Load {
        pace: Pace::WhenTold,
        ..load.clone()
    };
    Clients::start(&warm_up, &world.book, options.held).ended().await;
    let before = gateway.resident();
    let first = world.book.serials();
    world.supplier.hold(Duration::from_secs(10));
    let seen = Clients::start(&load, &world.book, options.held).ended().await;
    ensure!(seen.refused == 0, "{} orders were refused", seen.refused);
    let is_held = || world.supplier.held.load(std::sync::atomic::Ordering::Relaxed) >= options.held;
    until("every connection is held at once", is_held).await?;
    let each = ratio(gateway.resident().saturating_sub(before), u64::try_from(options.held)?);
    report.ratios.insert("held_bytes_per_order", Spread::single(each));
    report
        .counts
        .insert("held_orders_descriptors", u64::try_from(gateway.descriptors())?);
    println!("  {each:.0} bytes and {} descriptors", gateway.descriptors());
    world.supplier.hold(Duration::ZERO);
    let last = world.book.serials();
    let all_told = || (first..last).all(|serial| world.book.entry(serial).is_none_or(crate::book::Entry::is_told));
    until("every held order has ended", all_told).await?;
    ensure!(held(&site).await?.is_empty(), "money is still held though every order has ended");
    report.counts.insert("held_orders_none_lost", u64::try_from(options.held)?);
    Ok(())
}

/// Waits until `is_so`, at most three minutes.
async fn until(what: &str, is_so: impl Fn() -> bool) -> anyhow::Result<()> {
    let begin = Instant::now();
    while !is_so() {
        if begin.elapsed() > Duration::from_secs(120) {
            bail!("waited in vain: {what}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
