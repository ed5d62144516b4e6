//! What durability costs, with the component as it is shipped, the simulated Nhanh.vn over real sockets and a real SQLite file: webhooks
//! acknowledged a second and how long each waits, rows a second of a pull, the share of the allowed rate that a pull uses, and what idle
//! connections weigh. Beside each stands what the same machine does in the same run without the host. Prints a table and judges nothing.
//!
//! `cargo bench -p acceptance --bench durable` measures all of it; with `-- pull` one part of `webhooks`, `pull`, `rate`, `idle`. The load is
//! made by a process of its own, and its share of the time is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout, missing_docs)]

use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use acceptance::plan::Plan;
use acceptance::world::World;
use anyhow::{Context as _, Result, ensure};
use connector_host::contract::types::{Account, Entity};
use connector_host::contract::{Pace, Policy};
use connector_host::outbound::Overrides;
use connector_host::store::{Changes, Grant, NewConnection, Sealer, SqliteStore, Store};
use connector_host::work::Stop;
use nhanh_sim::{Dialect, Event, Quantity, ShopSize};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What can be measured alone.
const PARTS: [&str; 4] = ["webhooks", "pull", "rate", "idle"];
/// How long each load lasts.
const LOAD: Duration = Duration::from_secs(8);
/// Connections of the load's process.
const CLIENTS: usize = 64;
/// Different deliveries; the load goes round.
const DELIVERIES: usize = 2_048;
/// Idle connections.
const IDLE: usize = 10_000;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match &arguments[..] {
        [_, word, url, file, rate, proof] if word == "load" => return runtime.block_on(load(url, file, rate.parse()?, proof)),
        [_, word] if word == "weigh" => return runtime.block_on(idle()),
        _ => {}
    }
    let named: Vec<&str> = PARTS.into_iter().filter(|part| arguments.iter().any(|word| word == part)).collect();
    let wanted = |part: &str| named.is_empty() || named.contains(&part);
    println!("| what | measured | beside it |\n|---|---|---|");
    if wanted("webhooks") {
        runtime.block_on(webhooks())?;
    }
    if wanted("pull") {
        runtime.block_on(pull())?;
    }
    if wanted("rate") {
        runtime.block_on(rate())?;
    }
    if wanted("idle") {
        // In a process of its own, whose memory nothing else has used.
        ensure!(Command::new(std::env::current_exe()?).arg("weigh").status()?.success(), "the idle connections failed");
    }
    Ok(())
}

/// Milliseconds of processor time of a process, in user and system mode.
fn processor_ms(process: &str) -> Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().context("a name")?.split_whitespace().collect();
    // Clock ticks of a hundredth of a second.
    Ok((fields[11].parse::<u64>()? + fields[12].parse::<u64>()?) * 10)
}

/// Resident kibibytes of this process.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("VmRSS")?;
    Ok(line.split_whitespace().nth(1).context("a number")?.parse()?)
}

/// Posts a body on a connection that stays open. The status that it is answered.
async fn post(line: &mut TcpStream, head: &str, body: &[u8]) -> Result<u16> {
    let mut request = format!("{head}{}\r\n\r\n", body.len()).into_bytes();
    request.extend_from_slice(body);
    line.write_all(&request).await?;
    let (mut answer, mut read) = (Vec::new(), [0; 4_096]);
    loop {
        let count = line.read(&mut read).await?;
        ensure!(count > 0, "the host hung up");
        answer.extend_from_slice(&read[..count]);
        let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&answer[..end])?.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(Ok(0), str::parse::<usize>)?;
        if answer.len() >= end + 4 + length {
            return Ok(head.split(' ').nth(1).context("a status")?.parse()?);
        }
    }
}

/// Posts the file's lines over and over: as fast as they are answered, or at a rate (0: none), counted from when each was due.
async fn load(url: &str, file: &str, rate: u64, proof: &str) -> Result<()> {
    let bodies: Arc<Vec<Vec<u8>>> = Arc::new(std::fs::read(file)?.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect());
    let (host, path) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).context("http://HOST/PATH")?;
    let head =
        format!("POST /{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: {proof}\r\ncontent-type: application/json\r\ncontent-length: ");
    let (next, began) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let posts = (0..CLIENTS).map(|_| {
        let (bodies, next, head, host) = (bodies.clone(), next.clone(), head.clone(), host.to_owned());
        tokio::spawn(async move {
            let mut line = TcpStream::connect(host).await?;
            line.set_nodelay(true)?;
            let (mut waits, mut refused) = (Vec::new(), 0_u32);
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let due = match rate {
                    0 => began.elapsed(),
                    rate => Duration::from_micros(1_000_000 * u64::try_from(number).unwrap_or(0) / rate),
                };
                if due > LOAD {
                    break anyhow::Ok((waits, refused));
                }
                tokio::time::sleep_until((began + due).into()).await;
                match post(&mut line, &head, &bodies[number % bodies.len()]).await? {
                    200 => waits.push((began.elapsed() - due).as_micros()),
                    _ => refused += 1,
                }
            }
        })
    });
    let (mut waits, mut refused) = (Vec::new(), 0);
    for post in posts.collect::<Vec<_>>() {
        let (own, not) = post.await??;
        waits.extend(own);
        refused += not;
    }
    let took = began.elapsed();
    waits.sort_unstable();
    let at = |share: usize| waits.get((waits.len() * share / 100).min(waits.len().saturating_sub(1))).copied().unwrap_or(0);
    let told = json!({ "count": waits.len(), "refused": refused, "seconds": took.as_secs_f64(), "p50": at(50), "p99": at(99),
        "cpu": processor_ms("self")? });
    println!("{told}");
    Ok(())
}

/// Lets a process of its own make the load. What it tells, and this process's processor time meanwhile.
async fn loaded(url: &str, file: &str, rate: u64, proof: &str) -> Result<(Value, u64)> {
    let before = processor_ms("self")?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["load", url, file, &rate.to_string(), proof]);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    ensure!(output.status.success(), "the load failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok((serde_json::from_slice(&output.stdout)?, processor_ms("self")? - before))
}

async fn webhooks() -> Result<()> {
    let world = World::stocked(Plan::of(Dialect::V3)).await?;
    world.host.store().set_policy(world.side.connection, Entity::Stock, Policy::KeepUpdated).await?;
    world.nhanh.hold_webhooks();
    let products: Vec<i64> = world.nhanh.products(world.side.business).iter().filter(|it| it.is_stocked()).map(|it| it.id).collect();
    let depot = world.nhanh.business().depots[0];
    let (mut file, mut proof) = (tempfile::NamedTempFile::new()?, String::new());
    for number in 0..DELIVERIES {
        let product = products[number % products.len()];
        world.nhanh.change_level(product, depot, |level| level.remain = Quantity::units(i64::try_from(number).unwrap_or(0)));
        let delivery = world.delivery(world.side.business, &Event::InventoryChange(product))?;
        file.write_all(if number == 0 { b"" } else { b"\n" })?;
        file.write_all(&delivery.bytes())?;
        proof = delivery.authorization().context("3.0 proves itself in a header")?;
    }
    let path = file.path().to_str().context("a path")?.to_owned();
    for (rate, what) in [(0, "webhooks acknowledged, as fast as they are answered"), (1_000, "webhooks acknowledged at 1,000/s")] {
        let (told, own) = loaded(&world.side.callback, &path, rate, &proof).await?;
        let (count, seconds) = (told["count"].as_f64().unwrap_or(0.0), told["seconds"].as_f64().unwrap_or(1.0));
        let share = told["cpu"].as_f64().unwrap_or(0.0) / (told["cpu"].as_f64().unwrap_or(0.0) + own as f64).max(1.0);
        let ms = |name: &str| told[name].as_f64().unwrap_or(0.0) / 1_000.0;
        println!(
            "| {what} | {:.0}/s, p50 {:.1} ms, p99 {:.1} ms, {} refused | the load took {:.0} % of the processor time |",
            count / seconds,
            ms("p50"),
            ms("p99"),
            told["refused"],
            share * 100.0
        );
    }
    let (alone, grouped) = plain_commits()?;
    println!("| plain SQLite on this disk, FULL | | {alone:.0} commits/s one by one, {grouped:.0} rows/s in groups of 256 |");
    Ok(())
}

/// What the disk gives without a host: commits a second of one row each, and rows a second in groups.
fn plain_commits() -> Result<(f64, f64)> {
    let folder = tempfile::tempdir()?;
    let sqlite = rusqlite::Connection::open(folder.path().join("plain.sqlite"))?;
    sqlite.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row (id INTEGER PRIMARY KEY, body TEXT NOT NULL)",
    )?;
    let rows = |group: usize| -> Result<f64> {
        let (began, mut count) = (Instant::now(), 0_u32);
        while began.elapsed() < Duration::from_secs(2) {
            sqlite.execute_batch("BEGIN IMMEDIATE")?;
            for _ in 0..group {
                sqlite
                    .prepare_cached("INSERT INTO row (body) VALUES (?1)")?
                    .execute(["a delivery of about eighty bytes, as a plain program would keep it on its disk"])?;
                count += 1;
            }
            sqlite.execute_batch("COMMIT")?;
        }
        Ok(f64::from(count) / began.elapsed().as_secs_f64())
    };
    Ok((rows(1)?, rows(256)?))
}

async fn pull() -> Result<()> {
    let shop = ShopSize { depots: 3, products: 20_000, customers: 0, categories: 20, orders: 0 };
    // On both sides: by itself the host keeps to what the descriptor says, 150 requests in 30 seconds.
    let limit = nhanh_sim::Pace { requests: 100_000, ..nhanh_sim::Pace::default() };
    let pace = Some(Pace { requests: 100_000, window_ms: 30_000 });
    let world = World::connected(Plan { shop, limit, pace, ..Plan::of(Dialect::V3) }).await?;
    world.pull(&[Entity::Branch]).await?;
    let run = world.click(&world.side, Entity::Product).await?;
    let began = Instant::now();
    world.host.work(Stop::Idle(Duration::ZERO)).await?;
    let took = began.elapsed().as_secs_f64();
    let tally = world.run(run).await?.tally;
    let (products, levels) = (tally.get("product.created"), tally.get("stock.created"));
    println!(
        "| a pull of {products} products and {levels} levels without a limit | {:.0} rows/s in {took:.1} s | the simulator is in it |",
        (products + levels) as f64 / took
    );
    Ok(())
}

async fn rate() -> Result<()> {
    let shop = ShopSize { depots: 1, products: 45_000, customers: 0, categories: 5, orders: 0 };
    let window = Duration::from_secs(10);
    let limit = nhanh_sim::Pace { requests: 150, window, ..nhanh_sim::Pace::default() };
    let pace = Some(Pace { requests: 150, window_ms: 10_000 });
    let world = World::connected(Plan { shop, limit, pace, ..Plan::of(Dialect::V3) }).await?;
    world.click(&world.side, Entity::Product).await?;
    let began = Instant::now();
    world.host.work(Stop::Idle(Duration::from_secs(15))).await?;
    let took = began.elapsed().as_secs_f64();
    let requests = world.nhanh.requests().iter().filter(|request| request.path.ends_with("/product/list")).count();
    let least = (requests.div_ceil(150) - 1) as f64 * window.as_secs_f64();
    println!(
        "| {requests} requests at a limit of 150 in 10 s (a third of Nhanh's window) | {took:.1} s | {least:.1} s is the least: {:.0} % of the allowed rate |",
        least / took * 100.0
    );
    Ok(())
}

async fn idle() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open_alone(&folder.path().join("host.sqlite"), Sealer::from_hex(&"ab".repeat(32))?)?;
    let store: Arc<dyn Store> = Arc::new(store);
    connect(&store, 0).await?;
    let before = resident()?;
    for number in 1..=IDLE {
        connect(&store, number).await?;
    }
    let began = Instant::now();
    for _ in 0..1_000 {
        ensure!(store.next_due(&[]).await?.is_none(), "nobody has anything to do");
    }
    let looks = began.elapsed();
    println!(
        "| {IDLE} idle connections | {} KiB more memory, a look for work {:.0} µs | one connection: {} KiB |",
        resident()?.saturating_sub(before),
        looks.as_secs_f64() * 1_000.0,
        before
    );
    Ok(())
}

async fn connect(store: &Arc<dyn Store>, number: usize) -> Result<()> {
    let new = NewConnection { tenant: format!("tenant-{number}"), connector: "nhanh".to_owned(), overrides: Overrides::default() };
    let draft = store.create_connection(new, 1).await?;
    let account = Account { id: number.to_string(), name: None, expires: None, permissions: Vec::new(), branches: Vec::new() };
    let grant = Grant {
        footing: draft.footing(),
        settings: draft.settings.clone(),
        account,
        captured: Default::default(),
        changes: Changes::default(),
        app_field: "app-id".to_owned(),
        moved: None,
        told: None,
    };
    store.grant(grant, 1).await?;
    Ok(())
}
