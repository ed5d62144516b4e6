//! Strangers and bored neighbours against the real process, all at once, for as long as is said; beside them a shop whose webhooks must be answered.
//!
//! `cargo bench -p connector --bench abuse -- 10` takes ten minutes. It prints a table: how many webhooks were sent and answered, what each kind
//! of abuse came to, and the service's resident memory minute by minute. It fails where an honest webhook was not answered at its first try, or
//! where the memory goes on growing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)]

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nhanh_sim::{AppForm, Dialect, EventKind, Grant, Quantity, Settings, ShopSize, Simulator, WebhookForm};
use tempfile::TempDir;

/// The verify token of the shop.
const VERIFY_TOKEN: &str = "hoa-sen-verify-2026";
/// What the resident memory may be above that of the first minute: caches fill up, and what is used again is not all given back.
const ABOVE_THE_FIRST: f64 = 1.3;
/// What it may be in the last third of the time above the third before: nothing goes on growing.
const GROWTH: f64 = 1.05;

fn binary(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector"));
    command.args(words).env_remove("CONNECTOR_LOG").env_remove("CONNECTOR_KEY");
    command
}

/// `serve`, ended with the run.
struct Service {
    process: Child,
    page: String,
    account: (String, String),
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Service {
    fn start(dir: &str, port: u16) -> Service {
        let listen = format!("127.0.0.1:{port}");
        let mut process = binary(&["serve", "--dir", dir, "--listen", &listen]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut after = |what: &str| lines.find_map(|line| line.split_once(what).map(|(_, rest)| rest.trim().to_owned())).unwrap();
        let page = after("listening on http://");
        let account = after("sign in with ");
        let (name, password) = account.split_once(" / ").unwrap();
        let account = (name.to_owned(), password.to_owned());
        std::thread::spawn(move || lines.for_each(drop));
        Service { process, page, account }
    }

    /// Resident memory in KiB.
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

/// Between two connections of one abuser: a machine has some 28,000 ports for connections, each of which rests for a minute after its end, and
/// whoever uses them all up keeps the shop's webhooks from being sent at all.
const BREATH: Duration = Duration::from_millis(20);

/// What came of each kind of abuse, by status line.
#[derive(Clone, Default)]
struct Tally(Arc<Mutex<BTreeMap<(&'static str, String), u64>>>);

impl Tally {
    fn count(&self, kind: &'static str, came: &str) {
        *self.0.lock().unwrap().entry((kind, came.to_owned())).or_default() += 1;
    }
}

/// Nobody here waits for longer, so that the end is the end.
const PATIENCE: Duration = Duration::from_secs(20);

fn connected(address: &str) -> Option<TcpStream> {
    let stream = TcpStream::connect_timeout(&address.parse().ok()?, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    Some(stream)
}

/// Sends this and reads the answer to its end.
fn asked(address: &str, request: &str) -> String {
    let Some(mut stream) = connected(address) else { return "refused".to_owned() };
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> &str {
    answer.split_whitespace().nth(1).unwrap_or("closed")
}

fn between(text: &str, before: &str, after: char) -> Option<String> {
    Some(text.split_once(before)?.1.split(after).next()?.to_owned())
}

/// From whom a proxy says that it comes: strangers have one address, and whoever has an account another.
fn from(cookie: &str) -> &'static str {
    if cookie.contains("nobi-session") { "198.51.100.7" } else { "203.0.113.9" }
}

fn form(path: &str, cookie: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-forwarded-for: {}\r\ncookie: {cookie}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        from(cookie),
        body.len()
    )
}

fn page(path: &str, cookie: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-forwarded-for: {}\r\ncookie: {cookie}\r\n\r\n", from(cookie))
}

/// A cookie and the token of its forms.
fn visitor(address: &str) -> Option<(String, String)> {
    let answer = asked(address, &page("/sign-in", ""));
    Some((format!("nobi-visitor={}", between(&answer, "nobi-visitor=", ';')?), between(&answer, "name=\"csrf\" value=\"", '"')?))
}

fn signed_in(address: &str, (name, password): &(String, String)) -> Option<String> {
    let (cookie, csrf) = visitor(address)?;
    // With a session's name beside it, which is none, it comes from the address of whoever has an account.
    let cookie = format!("{cookie}; nobi-session=none");
    let answer = asked(address, &form("/sign-in", &cookie, &format!("csrf={csrf}&name={name}&password={password}")));
    Some(format!("nobi-session={}", between(&answer, "nobi-session=", ';')?))
}

/// Whoever does one thing over and over.
type Abuser = fn(&str, &(String, String), &Tally);

const ABUSERS: [(Abuser, usize); 7] = [(idle, 2), (halves, 2), (guesses, 2), (hang_ups, 2), (forged, 2), (oversized, 1), (insider, 2)];

/// Lies there.
fn idle(address: &str, _: &(String, String), tally: &Tally) {
    let held: Vec<_> = (0..300).filter_map(|_| connected(address)).collect();
    tally.count("idle connections", "held");
    std::thread::sleep(Duration::from_secs(10));
    drop(held);
}

/// Begins and never ends.
fn halves(address: &str, _: &(String, String), tally: &Tally) {
    let half = "POST /sign-in HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 60000\r\n\r\nname=";
    let held: Vec<_> = (0..100)
        .filter_map(|number| {
            let mut stream = connected(address)?;
            stream.write_all(&half.as_bytes()[..half.len() - number % 40]).ok()?;
            Some(stream)
        })
        .collect();
    tally.count("halves of requests", "held");
    std::thread::sleep(Duration::from_secs(6));
    drop(held);
}

/// Tries passwords, one name after the other.
fn guesses(address: &str, _: &(String, String), tally: &Tally) {
    let Some((cookie, csrf)) = visitor(address) else { return tally.count("wrong passwords", "no form") };
    for number in 0..20 {
        let name = if number % 2 == 0 { "admin".to_owned() } else { format!("name-{number}") };
        let body = format!("csrf={csrf}&name={name}&password=wrong-password-{number}");
        std::thread::sleep(BREATH);
        tally.count("wrong passwords", status(&asked(address, &form("/sign-in", &cookie, &body))));
    }
}

/// Does so and does not wait for the answer.
fn hang_ups(address: &str, _: &(String, String), tally: &Tally) {
    let Some((cookie, csrf)) = visitor(address) else { return tally.count("sign-ins that hang up", "no form") };
    for number in 0..50 {
        let Some(mut stream) = connected(address) else {
            tally.count("sign-ins that hang up", "refused");
            continue;
        };
        let body = format!("csrf={csrf}&name=made-up-{number}&password=wrong-password");
        let _ = stream.write_all(form("/sign-in", &cookie, &body).as_bytes());
        let _ = stream.shutdown(Shutdown::Both);
        tally.count("sign-ins that hang up", "sent");
        std::thread::sleep(BREATH);
    }
}

/// Posts to made-up hooks.
fn forged(address: &str, _: &(String, String), tally: &Tally) {
    let body = "{\"event\":\"inventoryChange\",\"webhooksVerifyToken\":\"guess\"}";
    std::thread::sleep(BREATH);
    tally.count("made-up hooks", status(&asked(address, &form("/hooks/made-up", "", body))));
}

/// Posts more than anybody may.
fn oversized(address: &str, _: &(String, String), tally: &Tally) {
    std::thread::sleep(BREATH);
    let body = "x".repeat(3 * 1024 * 1024);
    tally.count("oversized bodies", status(&asked(address, &form("/sign-in", "", &body))));
}

/// Somebody with an account, who presses everything at once and reads slowly.
fn insider(address: &str, account: &(String, String), tally: &Tally) {
    thread_local! {
        static SESSION: OnceCell<String> = const { OnceCell::new() };
    }
    // Signs in once: an address has so many tries, right ones too.
    let session = SESSION.with(|session| session.get_or_init(|| signed_in(address, account).unwrap()).clone());
    let shown = asked(address, &page("/connections/1", &session));
    let Some(csrf) = between(&shown, "name=\"csrf\" value=\"", '"') else { return tally.count("somebody with an account", status(&shown)) };
    let live: Vec<_> = (0..30)
        .filter_map(|_| {
            let mut stream = connected(address)?;
            stream.write_all(page("/connections/1/live", &session).as_bytes()).ok()?;
            Some(stream)
        })
        .collect();
    for entity in ["product", "customer", "branch"] {
        let pressed = form("/connections/1/preview", &session, &format!("csrf={csrf}&entity={entity}"));
        tally.count("dry runs", status(&asked(address, &pressed)));
    }
    let downloads: Vec<_> = (0..16)
        .map(|_| {
            let (address, request) = (address.to_owned(), page("/connections/1/troubles.csv", &session));
            std::thread::spawn(move || asked(&address, &request))
        })
        .collect();
    for download in downloads {
        tally.count("downloads", status(&download.join().unwrap()));
    }
    tally.count("live pages", "held");
    drop(live);
}

/// What the shop has many of: records that came in altered, as a download lists them.
fn remarks(dir: &str) {
    let file = rusqlite::Connection::open(format!("{dir}/host.sqlite")).unwrap();
    file.execute_batch(
        "BEGIN;
         WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 100000)
         INSERT INTO warned (connection, entity, remote, code, warning, at)
         SELECT 1, 'product', 'made-' || n, 'nhanh.unreadable-weight', json_object('subject', 'made-' || n, 'code', 'nhanh.unreadable-weight',
           'field', 'weight', 'message', json_object('vi', 'Không đọc được cân nặng.', 'en', 'The weight cannot be read.', 'arguments', json_array())), 0
         FROM number;
         COMMIT;",
    )
    .unwrap();
}

fn main() {
    let minutes: u64 = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let shop = ShopSize { depots: 2, products: 3_000, customers: 2_000, categories: 20, orders: 0 };
    let nhanh = runtime.block_on(Simulator::start(Settings { shop, ..Settings::default() })).unwrap();
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("data").display().to_string();
    // The callback address names the port, and the shop is connected before the service starts.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    connect(&runtime, &nhanh, &dir, port);
    remarks(&dir);
    let service = Service::start(&dir, port);
    save_webhooks(&runtime, &nhanh, &dir, port);

    let (until, tally, over) = (Instant::now() + Duration::from_secs(60 * minutes), Tally::default(), Arc::new(AtomicBool::new(false)));
    let abusers: Vec<_> = ABUSERS
        .iter()
        .flat_map(|(abuser, count)| std::iter::repeat_n(*abuser, *count))
        .map(|abuser| {
            let (address, account, tally, over) = (service.page.clone(), service.account.clone(), tally.clone(), over.clone());
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    abuser(&address, &account, &tally);
                }
            })
        })
        .collect();
    let (business, began) = (nhanh.business().id, Instant::now());
    let (product, depot) = (
        nhanh.products(business).iter().find(|it| nhanh.stock(it.id, nhanh.depots(business)[0].id).is_some()).unwrap().id,
        nhanh.depots(business)[0].id,
    );
    let (mut changes, mut memory) = (0, BTreeMap::<u64, u64>::new());
    println!("| minute | resident memory at most, MiB |\n|---|---|");
    while Instant::now() < until {
        changes += 1;
        nhanh.set_stock(product, depot, Quantity::units(100 + changes % 50));
        std::thread::sleep(Duration::from_millis(500));
        let minute = began.elapsed().as_secs() / 60;
        if !memory.contains_key(&minute) && minute > 0 {
            println!("| {minute} | {} |", memory[&(minute - 1)] / 1024);
        }
        let most = memory.entry(minute).or_default();
        *most = (*most).max(service.resident());
    }
    over.store(true, Ordering::Relaxed);
    for abuser in abusers {
        let _ = abuser.join();
    }
    runtime.block_on(nhanh.webhooks_idle());
    report(&nhanh, &tally, &memory);
}

/// The shop's connection, by the command line's own words.
fn connect(runtime: &tokio::runtime::Runtime, nhanh: &Simulator, dir: &str, port: u16) {
    let redirect_urls = vec![format!("http://127.0.0.1:{port}/landing")];
    let app = nhanh.register_app(AppForm { name: "Nobi Pro".to_owned(), redirect_urls, webhooks: None });
    let secrets = TempDir::new().unwrap();
    let kept = |name: &str, text: &str| {
        let path = secrets.path().join(name);
        std::fs::write(&path, text).unwrap();
        format!("@{}", path.display())
    };
    let (secret, token) = (kept("secret", &app.secret_key), kept("token", VERIFY_TOKEN));
    let (origin, public) = (nhanh.origin(), format!("http://127.0.0.1:{port}"));
    let words = [
        "connect",
        "--dir",
        dir,
        "--public",
        &public,
        "--set",
        &format!("app-id={}", app.app_id),
        "--set",
        "default-role=sale",
        "--set",
        "sync-stock-and-price=on",
        "--set",
        "default-branch-phone=0901234567",
        "--set",
        "default-branch-representative=Hạnh",
        "--secret",
        &format!("client-secret={secret}"),
        "--secret",
        &format!("verify-token={token}"),
        "--origin",
        &format!("api={origin}"),
        "--origin",
        &format!("login={origin}"),
    ]
    .map(str::to_owned);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut child = binary(&words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let login = lines.find_map(|line| line.split_once("agree here: ").map(|(_, link)| link.trim().to_owned())).unwrap();
    let landing = runtime.block_on(nhanh.log_in(&login, Grant::all(nhanh.business().id))).unwrap();
    writeln!(child.stdin.take().unwrap(), "{landing}").unwrap();
    lines.for_each(drop);
    assert!(child.wait().unwrap().success());
    // What a webhook speaks of is there.
    assert!(binary(&["sync", "branch", "product", "--dir", dir]).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
}

/// The shop's webhooks at Nhanh.vn, which probes the service.
fn save_webhooks(runtime: &tokio::runtime::Runtime, nhanh: &Simulator, dir: &str, port: u16) {
    let file = rusqlite::Connection::open(format!("{dir}/host.sqlite")).unwrap();
    let hook: String = file.query_row("SELECT hook FROM connection", [], |row| row.get(0)).unwrap();
    let form = WebhookForm {
        callback_url: format!("http://127.0.0.1:{port}/hooks/{hook}"),
        verify_token: VERIFY_TOKEN.to_owned(),
        events: EventKind::all(Dialect::V3).to_vec(),
        version: Dialect::V3,
    };
    let app: i64 = file.query_row("SELECT app FROM connection", [], |row| row.get::<_, String>(0)).unwrap().parse().unwrap();
    runtime.block_on(nhanh.save_webhooks(app, form)).unwrap();
}

fn report(nhanh: &Simulator, tally: &Tally, memory: &BTreeMap<u64, u64>) {
    let sent: Vec<_> = nhanh.deliveries().into_iter().filter(|it| it.event == "inventoryChange").collect();
    let unanswered = sent.iter().filter(|it| it.status != Some(200)).count();
    println!("\n| what | came to | times |\n|---|---|---|");
    for ((kind, came), times) in tally.0.lock().unwrap().iter() {
        println!("| {kind} | {came} | {times} |");
    }
    println!("| honest webhooks | 200 | {} |\n| honest webhooks | anything else | {unanswered} |", sent.len() - unanswered);
    let minutes = memory.len() as u64;
    let most = |from: u64, until: u64| memory.range(from..until).map(|(_, most)| *most).max().unwrap_or_default();
    let (first, all, before, last) = (most(0, 1), most(0, minutes), most(minutes / 3, minutes * 2 / 3), most(minutes * 2 / 3, minutes));
    println!("\nresident memory at most: {} MiB in the first minute, {} MiB in all", first / 1024, all / 1024);
    println!("of the last two thirds: {} MiB, then {} MiB", before / 1024, last / 1024);
    assert!(!sent.is_empty() && unanswered == 0, "{unanswered} of {} webhooks were not answered with 200", sent.len());
    assert!(all as f64 <= first as f64 * ABOVE_THE_FIRST, "the memory is far above that of the first minute");
    assert!(minutes < 3 || last as f64 <= before as f64 * GROWTH, "the memory goes on growing");
}
