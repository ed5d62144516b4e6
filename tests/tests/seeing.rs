//! What a host shows of itself while it works: figures that move with what happens, spans from a webhook to its write, and in neither of them a
//! person's name, phone or address. One test: figures and log are the whole process's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use acceptance::dialect::V3;
use acceptance::orders::make;
use acceptance::plan::Plan;
use acceptance::world::World;
use anyhow::Result;
use connector_host::contract::Policy;
use connector_host::contract::types::Entity;
use connector_host::web::watched;
use nhanh_sim::Quantity;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

/// Every span with the way to it, its fields, and every line that was logged.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    ways: BTreeMap<u64, String>,
    /// `delivery/call`, and its fields.
    spans: Vec<(String, String)>,
    lines: String,
}

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

fn ours(target: &str) -> bool {
    target.starts_with("connector_host")
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Seen {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if !ours(attributes.metadata().target()) {
            return;
        }
        let mut words = Words(String::new());
        attributes.record(&mut words);
        let mut book = self.0.lock().unwrap();
        let parent = context.span(id).and_then(|span| span.parent()).and_then(|parent| book.ways.get(&parent.id().into_u64()).cloned());
        let name = attributes.metadata().name();
        let way = parent.map_or(name.to_owned(), |parent| format!("{parent}/{name}"));
        book.ways.insert(id.into_u64(), way.clone());
        book.spans.push((way, words.0.clone()));
        book.lines += &words.0;
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut words = Words(String::new());
        values.record(&mut words);
        let mut book = self.0.lock().unwrap();
        let Some(way) = book.ways.get(&id.into_u64()).cloned() else { return };
        if let Some(span) = book.spans.iter_mut().rev().find(|span| span.0 == way) {
            span.1 += &words.0;
        }
        book.lines += &words.0;
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if ours(event.metadata().target()) {
            let mut words = Words(String::new());
            event.record(&mut words);
            let mut book = self.0.lock().unwrap();
            book.lines += &words.0;
            book.lines.push('\n');
        }
    }
}

/// The exposition, read as Prometheus reads it: name with labels → value.
fn parsed(text: &str) -> BTreeMap<String, f64> {
    let mut types: BTreeMap<&str, &str> = BTreeMap::new();
    let mut values = BTreeMap::new();
    let body = text.strip_suffix("# EOF\n").expect("it says where it ends");
    for line in body.lines() {
        if let Some(told) = line.strip_prefix("# TYPE ") {
            let (name, kind) = told.split_once(' ').unwrap();
            assert!(types.insert(name, kind).is_none(), "{name} is told of twice");
            continue;
        }
        if line.starts_with("# HELP ") || line.starts_with("# UNIT ") {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("`{line}` is no sample"));
        let name = series.split('{').next().unwrap();
        assert!(name.starts_with("connector_") && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        let family = ["_total", "_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let kind = types.get(family).or_else(|| types.get(name)).unwrap_or_else(|| panic!("{name} has no type"));
        assert_eq!(*kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
        if let Some((_, labels)) = series.split_once('{') {
            let labels = labels.strip_suffix('}').unwrap();
            for label in labels.split(',') {
                let (key, value) = label.split_once('=').unwrap_or_else(|| panic!("`{label}` of {series}"));
                let known = ["export", "outcome", "endpoint", "lane", "entity", "trigger", "state", "instances", "le"];
                assert!(known.contains(&key) && value.starts_with('"') && value.ends_with('"'), "{label}");
            }
        }
        assert!(values.insert(series.to_owned(), value.parse().unwrap()).is_none(), "{series} stands there twice");
    }
    values
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_and_spans_tell_what_happened_and_of_nobody() -> Result<()> {
    let seen = Seen::default();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(seen.clone()))?;
    let world = World::connected(Plan::on_a_manual_clock(V3)).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let figures = format!("http://{}/metrics", listener.local_addr()?);
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let app = watched(world.host.clone(), stopped);
    let server = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
    let client = reqwest::Client::builder().no_proxy().build()?;
    let text = async || anyhow::Ok(client.get(&figures).send().await?.error_for_status()?.text().await?);

    world.nhanh.webhooks_idle().await;
    let (before, told) = (parsed(&text().await?), world.nhanh.deliveries().len());
    world.pull(&[Entity::Branch, Entity::Category, Entity::Product, Entity::Customer]).await?;
    world.host.set_policy(world.side.connection, Entity::Stock, Policy::KeepUpdated).await?;
    let after = parsed(&text().await?);
    let moved = |after: &BTreeMap<String, f64>, series: &str| {
        after.get(series).unwrap_or_else(|| panic!("there is no {series}")) - before.get(series).copied().unwrap_or(0.0)
    };
    let runs = |entity: &str| format!("connector_runs_total{{entity=\"{entity}\",trigger=\"click\",outcome=\"done\"}}");
    assert_eq!((moved(&after, &runs("product")), moved(&after, &runs("customer"))), (1.0, 1.0));
    let pages = moved(&after, "connector_guest_calls_total{export=\"read-sync-response\",outcome=\"answer\"}");
    assert!(pages >= 4.0);
    assert_eq!(moved(&after, "connector_requests_total{endpoint=\"api\",outcome=\"2xx\"}"), pages, "a page is a request");
    assert!(moved(&after, "connector_guest_fuel_total{export=\"read-sync-response\"}") > 10_000.0);
    assert!(moved(&after, "connector_pace_wait_seconds_count{lane=\"bulk\"}") >= pages);
    assert!(moved(&after, "connector_store_commits_total{outcome=\"held\"}") >= pages);
    assert!(moved(&after, "connector_store_commit_jobs_sum") >= moved(&after, "connector_store_commit_jobs_count"));

    // A webhook, a forged one, and an order.
    let product: i64 = world.host.store().sellable(world.side.connection, 1).await?[0].remote.parse()?;
    world.nhanh.set_stock(product, world.nhanh.business().depots[0], Quantity::units(77));
    world.nhanh.webhooks_idle().await;
    world.post_bytes(&world.side.callback, Some("not-the-token-1".to_owned()), b"{\"event\":\"inventoryChange\"}".to_vec()).await?;
    make(&world, "seen").await?;
    world.work().await?;
    world.nhanh.webhooks_idle().await;
    let whole = text().await?;
    let after = parsed(&whole);
    let told = world.nhanh.deliveries().len() - told;
    assert!(told > 1, "the level, and the order that came in");
    assert_eq!(moved(&after, "connector_deliveries_total{outcome=\"applied\"}"), told as f64);
    assert_eq!(moved(&after, "connector_delivery_seconds_count"), told as f64 + 1.0);
    assert_eq!(moved(&after, "connector_deliveries_total{outcome=\"forged\"}"), 1.0);
    assert_eq!(moved(&after, "connector_order_events_total{outcome=\"done\"}"), 1.0);
    assert_eq!(moved(&after, "connector_guest_calls_total{export=\"push-order\",outcome=\"answer\"}"), 1.0);
    assert_eq!(after["connector_connections{state=\"active\"}"], 1.0);
    server.abort();

    let book = seen.0.lock().unwrap();
    let of = |way: &str| book.spans.iter().filter(|span| span.0 == way).map(|span| span.1.as_str()).collect::<Vec<_>>();
    let deliveries = of("delivery");
    let hash: String = world.sql()?.query_row("SELECT lower(substr(hex(hash), 1, 8)) FROM delivery", [], |row| row.get(0))?;
    let connection = world.side.connection;
    assert!(deliveries.iter().any(|it| it.contains(&format!("connection={connection}")) && it.contains(&hash)), "{deliveries:?}");
    assert!(of("delivery/call").iter().any(|it| it.contains("handle-webhook")));
    assert!(!of("delivery/write").is_empty(), "the write belongs to the delivery that it is of");
    assert!(of("work").iter().any(|it| it.contains("work=") && it.contains(&format!("connection={connection}"))));
    assert!(of("work/pull").iter().any(|it| it.contains("run=") && it.contains("product")));
    assert!(of("work/pull/request").iter().any(|it| it.contains("api")) && !of("work/pull/write").is_empty());
    assert!(!of("work/push/call/request").is_empty() && !of("work/push/write").is_empty(), "{:?}", book.ways.values());

    // Of everybody and everything that went through, nothing is said.
    let mut secrets: Vec<String> = vec!["Lê Thị Mơ".to_owned(), "0912345678".to_owned(), "12 Lê Lợi".to_owned()];
    for customer in world.nhanh.customers(world.side.business) {
        secrets.extend([customer.name.clone(), customer.mobile.clone()]);
    }
    secrets.retain(|text| text.chars().count() > 5);
    assert!(secrets.len() > 6);
    for secret in &secrets {
        assert!(!book.lines.contains(secret.as_str()), "`{secret}` is in the log");
        assert!(!whole.contains(secret.as_str()), "`{secret}` is in the figures");
    }
    assert!(!whole.contains(&world.side.tenant) && !whole.contains(&world.side.tag) && !whole.contains("order-seen"));
    assert!(book.lines.contains("answered"), "the log was heard at its finest");
    Ok(())
}
