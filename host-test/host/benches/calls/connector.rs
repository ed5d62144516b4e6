//! The connector itself, in its sandbox: a page of a hundred products, an order, a delivery; the page beside the reference in this process
//! and beside Node, on one thread and on two, with one setting undone at a time.

use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

use connector_host::contract::orders::{OrderEvent, OrderEventKind};
use connector_host::contract::types::{Account, Context, Entity, Setting};
use connector_host::contract::{Delivery, OrderPlan, Scope, Step, WebhookOutcome, http};
use connector_host::sandbox::{Connector, SandboxConfig};
use tempfile::NamedTempFile;
use wasmtime::component::Component;

use crate::bare::{METERED, Ready};
use crate::isolation::{admitted, each_undone, plain};
use crate::rows::{Row, one_thread, table};
use crate::{make, native, page};

/// Pages of one row in one turn.
const PAGES: u32 = 60;
/// Other calls of one row in one turn.
const CALLS: u32 = 500;

/// What every call of one row is given.
#[derive(Clone)]
struct Given {
    connector: Connector,
    context: Context,
}

fn given(connector: &Connector, version: &str) -> Given {
    let values = [("app-id", "72000"), ("api-version", version), ("sync-orders", "on"), ("sync-stock-and-price", "on")];
    let settings = values.map(|(key, value)| Setting { key: key.to_owned(), value: value.to_owned() }).into();
    let account = Account { id: "110668".to_owned(), name: None, expires: None, permissions: Vec::new(), branches: Vec::new() };
    Given { connector: connector.clone(), context: Context { now: make::NOW, tag: "ab12".to_owned(), settings, account: Some(account) } }
}

fn step() -> Step {
    Step { entity: Entity::Product, scope: Scope::Everything, cursor: None }
}

fn response(body: &[u8]) -> http::Response {
    http::Response { status: 200, content_type: Some("application/json".to_owned()), body: body.to_vec(), captured: Vec::new() }
}

/// A row of calls that share what they are given.
fn row<A: Send + Sync + 'static, F: Future<Output = ()> + Send>(
    name: &str,
    threads: u32,
    shared: A,
    call: impl Fn(Arc<A>) -> F + Copy + Send + 'static,
) -> Row {
    let shared = Arc::new(shared);
    Row::new(name, threads, move |calls| {
        let shared = shared.clone();
        async move {
            for _ in 0..calls {
                call(shared.clone()).await;
            }
        }
    })
}

/// Pages, read as the host reads them.
fn pages(name: &str, threads: u32, connector: &Connector, version: &str, body: &[u8]) -> Row {
    row(name, threads, (given(connector, version), step(), response(body)), |it| async move {
        let (given, step, response) = &*it;
        let outcome = given.connector.read_sync_response(&given.context, step, response).await;
        assert_eq!(black_box(outcome.result.unwrap().unwrap()).changes.len(), 100);
    })
}

/// Measures one part.
pub fn part(part: &str, component: &[u8], other: Option<&[u8]>) {
    let connector = admitted(SandboxConfig::default(), component);
    let second = page::second();
    match part {
        "calls" => calls(&connector),
        "page" => {
            println!(
                "\nThe component has {} bytes; the page {} bytes in API 2.0, {} in 3.0",
                component.len(),
                second.len(),
                page::third().len()
            );
            beside(&connector, &second, other);
        }
        "page-threads" => threads(&connector, &second, component, other),
        "page-settings" => settings(component, &second),
        "page-metering" => metering(component, &second),
        "resident" => resident(component, &second),
        _ => panic!("there is no part {part}"),
    }
}

fn calls(connector: &Connector) {
    let nothing = admitted(SandboxConfig::default(), &plain());
    let event = || {
        let mut event = make::event("1001", 1, OrderEventKind::Created);
        event.order.remote_branch = Some("31010".to_owned());
        event.order.lines[0].remote_product = Some("38000102".to_owned());
        event
    };
    let order = |name: &str, threads: u32, version: &str, event: OrderEvent| {
        row(name, threads, (given(connector, version), event), |it| async move {
            let (given, event) = &*it;
            let outcome = given.connector.map_order(&given.context, event).await;
            assert!(matches!(black_box(outcome.result.unwrap().unwrap()), OrderPlan::Create(_)));
        })
    };
    let mut large = event();
    large.order.lines = vec![large.order.lines[0].clone(); 64];
    large.order.to_collect *= 64;
    let delivery = |name: &str, threads: u32, version: &str, body: &str| {
        let delivery = Delivery { headers: Vec::new(), body: body.as_bytes().to_vec(), verified: true };
        row(name, threads, (given(connector, version), delivery), |it| async move {
            let (given, delivery) = &*it;
            let outcome = given.connector.handle_webhook(&given.context, delivery).await;
            assert!(matches!(black_box(outcome.result.unwrap().unwrap()), WebhookOutcome::Accepted(_)));
        })
    };
    let level = r#"{"event":"inventoryChange","businessId":110668,"data":{"38000102":{"id":38000102,"code":"AT01","remain":8,"available":8,"depots":{"31010":{"remain":8,"shipping":0,"holding":0,"damaged":0,"available":8}}}}}"#;
    let rows = vec![
        Row::of_sandbox("a guest that answers at once", 1, &nothing, given(connector, "2.0").context),
        order("map-order, one line, API 2.0", 1, "2.0", event()),
        order("map-order, one line, API 3.0", 1, "3.0", event()),
        order("the same on two threads, wall time a call", 2, "3.0", event()),
        order("map-order, 64 lines, API 3.0", 1, "3.0", large),
        delivery("handle-webhook, a level, API 3.0", 1, "3.0", level),
        delivery("the same on two threads, wall time a call", 2, "3.0", level),
    ];
    table("Calls of the connector beside the fixed cost", rows, CALLS);
    let rows = vec![
        pages("read-sync-response, 100 products, API 2.0", 1, connector, "2.0", &page::second()),
        pages("read-sync-response, 100 products, API 3.0", 1, connector, "3.0", &page::third()),
    ];
    table("A page", rows, PAGES);
}

/// The page beside the reference and beside Node.
fn beside(connector: &Connector, body: &[u8], other: Option<&[u8]>) {
    let outcome = one_thread().block_on(async {
        let given = given(connector, "2.0");
        given.connector.read_sync_response(&given.context, &step(), &response(body)).await
    });
    assert_eq!(outcome.result.unwrap().unwrap().changes, native::rows(body), "the reference does the same work");
    println!("\n  the page: {} fuel, {} a byte", outcome.usage.fuel, outcome.usage.fuel / body.len() as u64);
    let shared: Arc<[u8]> = body.into();
    let (one, two) = (shared.clone(), shared);
    let mut rows = vec![
        Row::of_function("native: serde's derive, rows made", 1, move || native::rows(&one)),
        Row::of_function("native: serde's derive, decoded only", 1, move || native::decode(&two)),
        pages("isolated", 1, connector, "2.0", body),
    ];
    if let Some(other) = other {
        rows.push(pages("isolated, the other build", 1, &admitted(SandboxConfig::default(), other), "2.0", body));
    }
    match Node::start(body) {
        Some(node) => rows.push(node.row()),
        None => println!("  there is no Node here"),
    }
    table("The page beside the same work without isolation", rows, PAGES);
}

fn threads(connector: &Connector, body: &[u8], component: &[u8], other: Option<&[u8]>) {
    let mut on_demand = SandboxConfig::default();
    on_demand.engine.pool = false;
    let demanding = admitted(on_demand.clone(), component);
    let shared: Arc<[u8]> = body.into();
    let native = |name: &str, threads: u32| {
        let body = shared.clone();
        Row::of_function(name, threads, move || native::rows(&body))
    };
    let mut rows = vec![
        pages("isolated, 1 thread", 1, connector, "2.0", body),
        pages("isolated, 2 threads", 2, connector, "2.0", body),
        pages("isolated, on demand, 1 thread", 1, &demanding, "2.0", body),
        pages("isolated, on demand, 2 threads", 2, &demanding, "2.0", body),
    ];
    if let Some(other) = other {
        let other = admitted(on_demand, other);
        rows.push(pages("the other build, on demand, 1 thread", 1, &other, "2.0", body));
        rows.push(pages("the other build, on demand, 2 threads", 2, &other, "2.0", body));
    }
    // What two threads of this machine are worth where nothing is shared but the allocator.
    rows.extend([native("native, 1 thread", 1), native("native, 2 threads", 2)]);
    table("Wall time a page on one and on two threads (0.50 × would be perfect)", rows, PAGES);
}

fn settings(component: &[u8], body: &[u8]) {
    for (threads, title) in [(1, "A page, and with one setting undone"), (2, "The same on two threads, wall time a page")] {
        let rows = each_undone(component).into_iter().map(|(name, connector)| pages(name, threads, &connector, "2.0", body));
        table(title, rows.collect(), PAGES);
    }
}

fn metering(component: &[u8], body: &[u8]) {
    let rows = METERED.map(|(name, by)| {
        let engine = by.engine();
        let ready = Ready::new(&engine, &Component::from_binary(&engine, component).unwrap());
        let Given { context, .. } = given(&admitted(SandboxConfig::default(), &plain()), "2.0");
        row(name, 1, (by, ready, context, step(), response(body)), |it| async move {
            let (by, ready, context, step, response) = &*it;
            by.read(ready, context, step, response).await;
        })
    });
    table("A page without the sandbox, metered by", rows.into(), PAGES);
}

/// What the pool keeps in memory once every slot was used by a page.
fn resident(component: &[u8], body: &[u8]) {
    let config = SandboxConfig { connector_share_percent: 100, ..SandboxConfig::default() };
    let (slots, keep) = (config.slots, config.keep_resident_bytes >> 10);
    let runtime = one_thread();
    let given = given(&admitted(config, component), "2.0");
    let given = Arc::new((given, response(body)));
    let before = resident_kib();
    runtime.block_on(async {
        // Each yields on the way, so all are under way at once.
        let calls = (0..slots).map(|_| {
            let given = given.clone();
            tokio::spawn(async move {
                let (given, response) = &*given;
                given.connector.read_sync_response(&given.context, &step(), response).await.result.unwrap().unwrap();
            })
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap();
        }
    });
    let after = resident_kib();
    println!(
        "\nResident after {slots} pages at once: {} KiB more than before; {slots} × {keep} KiB are {} KiB",
        after.saturating_sub(before),
        slots as usize * keep
    );
}

/// Of this process, where the system tells.
fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// A warm Node that does the same page when it is told how often.
struct Node {
    child: Child,
    into: ChildStdin,
    out: BufReader<ChildStdout>,
    _page: NamedTempFile,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Node {
    fn start(body: &[u8]) -> Option<Node> {
        let mut page = NamedTempFile::new().unwrap();
        page.write_all(body).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/calls/page.mjs");
        let mut child = Command::new("node").arg(script).arg(page.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let (into, out) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        let mut node = Node { child, into, out, _page: page };
        // Warm: its compiler has seen the loop.
        node.make(500);
        Some(node)
    }

    fn make(&mut self, pages: u32) {
        writeln!(self.into, "{pages}").unwrap();
        let mut rows = String::new();
        self.out.read_line(&mut rows).unwrap();
        assert_eq!(rows.trim().parse(), Ok(pages * 100));
    }

    fn row(self) -> Row {
        let node = Arc::new(Mutex::new(self));
        Row::new("Node, in its own process, nothing isolated", 1, move |pages| {
            let node = node.clone();
            async move { node.lock().unwrap().make(pages) }
        })
    }
}
