//! The binary as a merchant's engineer uses it: `connect`, `sync`, `orders push`, against a simulated Nhanh.vn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use connector_host::store::{Sealer, SqliteStore, Store};
use nhanh_sim::{App, AppForm, Grant, Settings, ShopSize, Simulator};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{connector, file, json, printed, refuses};

/// A simulated Nhanh.vn with an app of Nobi Pro's, and a folder for the host.
struct Scene {
    runtime: tokio::runtime::Runtime,
    nhanh: Simulator,
    app: App,
    folder: TempDir,
}

impl Scene {
    fn set() -> Scene {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let shop = ShopSize { depots: 2, products: 30, customers: 3, categories: 2, orders: 0 };
        let nhanh = runtime.block_on(Simulator::start(Settings { shop, ..Settings::default() })).unwrap();
        // The program goes by the machine's clock, and nobody waits a minute here.
        nhanh.faults().switch(|switches| switches.shown_after = std::time::Duration::ZERO);
        let redirect_urls = vec!["https://localhost:8750/landing".to_owned()];
        let app = nhanh.register_app(AppForm { name: "Nobi Pro".to_owned(), redirect_urls, webhooks: None });
        Scene { runtime, nhanh, app, folder: TempDir::new().unwrap() }
    }

    fn dir(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// The words of a new connection's form.
    fn form(&self) -> Vec<String> {
        let origin = self.nhanh.origin();
        let secret = file(self.folder.path(), "secret.txt", &self.app.secret_key);
        let words = ["connect", "--dir", self.dir(), "--set", "default-role=sale", "--set", "sync-orders=on"];
        let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        for (option, value) in [
            ("--set", "sync-stock-and-price=on".to_owned()),
            ("--set", "default-branch-phone=0901234567".to_owned()),
            ("--set", "default-branch-representative=Nguyễn Thị Hạnh".to_owned()),
            ("--set", format!("app-id={}", self.app.app_id)),
            ("--secret", format!("client-secret=@{secret}")),
            ("--origin", format!("api={origin}")),
            ("--origin", format!("login={origin}")),
        ] {
            words.extend([option.to_owned(), value]);
        }
        words
    }

    /// Runs `connect` and does what it asks.
    fn connect(&self, more: &[&str]) -> String {
        let words = self.form();
        let words: Vec<&str> = words.iter().map(String::as_str).chain(more.iter().copied()).collect();
        let (ok, printed) = self.agrees(&words, self.nhanh.business().id);
        assert!(ok, "{printed}");
        printed
    }

    /// Runs a command and does what it asks: opens the login page, agrees for this business, pastes the landing address. Says whether that
    /// worked out, and what was printed.
    fn agrees(&self, words: &[&str], business: i64) -> (bool, String) {
        let mut command = connector(words);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut printed = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let login = loop {
            let line = lines.next().expect("it prints where to log in").unwrap();
            printed += &format!("{line}\n");
            if let Some((_, link)) = line.split_once("agree here: ") {
                break link.trim().to_owned();
            }
        };
        let landing = self.runtime.block_on(self.nhanh.log_in(&login, Grant::all(business))).unwrap();
        writeln!(child.stdin.take().unwrap(), "{landing}").unwrap();
        for line in lines {
            printed += &format!("{}\n", line.unwrap());
        }
        let output = child.wait_with_output().unwrap();
        (output.status.success(), printed + &String::from_utf8_lossy(&output.stderr))
    }

    fn store(&self) -> Arc<dyn Store> {
        let dir: &Path = self.folder.path();
        Arc::new(SqliteStore::open(&dir.join("host.sqlite"), Sealer::from_file(&dir.join("host.key")).unwrap()).unwrap())
    }

    /// An order of one piece of the first thing that can be sold, in the contract's plain JSON.
    fn order(&self, name: &str) -> Value {
        let store = self.store();
        let item = self.runtime.block_on(store.sellable(1, 1)).unwrap().pop().unwrap();
        let branch = self.runtime.block_on(store.linked_branches(1)).unwrap()[0].0;
        json!({
            "id": format!("event-{name}"), "sequence": 1, "kind": "created",
            "order": {
                "id": format!("order-{name}"), "code": format!("DH-{name}"), "branch": branch.to_string(), "fulfilment": "delivery",
                "lock": "none", "source": "nobi", "recipient": { "name": "Lê Thị Mơ", "phone": "0912345678" },
                "address": { "text": "12 Lê Lợi", "scheme": "unknown" },
                "lines": [{ "product": item.product.to_string(), "remote-is-parent": false, "name": item.name, "quantity": 1000,
                            "unit-price": item.price, "discount": 0, "vat": 0 }],
                "discount": 0, "points": 0, "deposit": 0, "transfer": 0, "customer-ship-fee": 0, "to-collect": item.price,
                "created": 1_772_416_800_000_i64,
            }
        })
    }
}

#[test]
fn what_others_wrote_is_shown_and_no_terminal_obeys_it() {
    let scene = Scene::set();
    let dir = scene.dir().to_owned();
    scene.connect(&[]);
    printed(&["sync", "branch", "product", "--dir", &dir]);
    let mut order = scene.order("1");
    let code = "DH\u{1b}[2J\u{202e}\u{9b}31m\n1";
    order["order"]["code"] = json!(code);
    let order = file(scene.folder.path(), "order.json", &order.to_string());
    for words in [["orders", "push", &order].as_slice(), &["orders", "list"], &["orders", "show", "order-1"]] {
        let told = printed(&[words, &["--dir", &dir]].concat());
        assert!(!told.contains(common::is_obeyed), "{words:?}: {told:?}");
        let shown = told.contains("DH\\u{1b}[2J\\u{202e}\\u{9b}31m\\u{a}1");
        assert_eq!(shown, words[1] != "push", "{words:?}: {told:?}");
        let written = printed(&[words, &["--json", "--dir", &dir]].concat());
        assert!(!written.contains(common::is_obeyed), "{words:?}: {written:?}");
        let value: Value = serde_json::from_str(&written).unwrap();
        assert!(words[1] == "push" || value.to_string().contains(&json!(code).to_string()), "the same value: {value}");
    }
    // Nor does what the log and an error say.
    let refused = connector(&["orders", "show", "x\u{1b}[2J\u{202e}", "--dir", &dir]).env("CONNECTOR_LOG", "debug").output().unwrap();
    assert!(!common::said(&refused).contains(common::is_obeyed), "{:?}", common::said(&refused));
}

#[test]
fn a_merchant_connects_pulls_and_pushes_orders_each_once() {
    let scene = Scene::set();
    let dir = scene.dir().to_owned();
    let printed_by_connect = scene.connect(&[]);
    assert!(printed_by_connect.contains("https://localhost:8750/landing"), "{printed_by_connect}");
    assert!(printed_by_connect.contains(&format!("Connected to business {}", scene.nhanh.business().id)), "{printed_by_connect}");
    let said = |what: &str| printed_by_connect.lines().any(|line| line.trim_start().starts_with(what));
    assert!(said("name ") && said("depots "), "whose business it is: {printed_by_connect}");
    assert!(!printed_by_connect.contains(&scene.app.secret_key));

    let pulled = printed(&["sync", "branch", "product", "--dir", &dir]);
    assert!(pulled.contains("branch.created 2") && pulled.contains("product.created"), "{pulled}");
    let again = json(&["sync", "product", "--json", "--dir", &dir]);
    assert_eq!((&again[0]["entity"], &again[0]["state"]), (&json!("product"), &json!("done")));
    assert!(again[0]["tally"]["product.created"].is_null(), "{again:#}");

    let orders = json!([scene.order("1"), scene.order("2")]).to_string();
    let orders = file(scene.folder.path(), "orders.json", &orders);
    let outcomes = json(&["orders", "push", &orders, "--json", "--dir", &dir]);
    let states: Vec<&Value> = outcomes.as_array().unwrap().iter().map(|outcome| &outcome["outcome"]["how"]).collect();
    assert_eq!(states, [&json!("created"), &json!("created")]);
    assert_eq!(scene.nhanh.ledger().len(), 2);
    let told = printed(&["orders", "push", &orders, "--dir", &dir]);
    assert!(told.contains("order-1 event-1: done"), "{told}");
    assert_eq!(scene.nhanh.ledger().len(), 2, "the same events again are no new orders");

    // Where they stand: at first nothing is told of them, then Nhanh.vn's own word stands beside Nobi's.
    assert!(printed(&["orders", "list", "--dir", &dir]).contains("order-1 (DH-1): Đơn mới; id there "));
    let remote: i64 = outcomes[0]["remote"].as_str().unwrap().parse().unwrap();
    scene.nhanh.set_status(remote, "Shipping");
    printed(&["sync", "order-status", "--only", &remote.to_string(), "--dir", &dir]);
    // Nobody asked for all of them before: those of the last thirty days.
    assert!(printed(&["sync", "order-status", "--changes", "--dir", &dir]).contains("order-status"));
    let shown = json(&["orders", "show", "order-1", "--json", "--dir", &dir]);
    assert_eq!((&shown["standing"]["there"]["code"], &shown["standing"]["stage"]), (&json!("Shipping"), &json!("new")), "{shown:#}");
    assert_eq!(shown["events"][0]["state"], "done");
    refuses(&["orders", "show", "order-9", "--dir", &dir], 2, "knows no order order-9");

    let streams = json(&["sync", "--status", "--json", "--dir", &dir]);
    let product = streams.as_array().unwrap().iter().find(|line| line["entity"] == "product").unwrap();
    assert_eq!((&product["policy"], &product["next-run"]), (&json!("create-only"), &Value::Null));
    assert!(product["last-success"].is_string(), "{streams:#}");

    let mut stranger = scene.order("3");
    stranger["order"]["lines"][0]["product"] = json!("999999");
    let stranger = file(scene.folder.path(), "stranger.json", &stranger.to_string());
    let refused = common::run(&["orders", "push", &stranger, "--dir", &dir]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stdout).contains("order.line-not-linked"));
    assert_eq!(scene.nhanh.ledger().len(), 2);

    let mut misspelt = scene.order("4");
    misspelt["order"]["to-colect"] = json!(1);
    refuses(&["orders", "push", &file(scene.folder.path(), "misspelt.json", &misspelt.to_string()), "--dir", &dir], 2, "to-colect");
    refuses(&["sync", "customer-group", "--dir", &dir], 2, "group");

    // Nhanh.vn is down: the command says so after a while, and the pull goes on with the next one.
    scene.runtime.block_on(scene.nhanh.clone().shutdown());
    refuses(&["sync", "branch", "--patience", "1", "--dir", &dir], 1, "host.not-sent");
    // That pull is under way: the next command follows it, and says as well that it fails.
    refuses(&["sync", "branch", "--patience", "1", "--dir", &dir], 1, "host.not-sent");
}

#[test]
fn one_command_moves_a_connection_and_nothing_is_made_twice() {
    let scene = Scene::set();
    let dir = scene.dir().to_owned();
    let business = scene.nhanh.business().id;
    scene.connect(&["--api", "2.0"]);
    let asked = |api: &str| scene.nhanh.requests().iter().filter(|request| request.path.starts_with(api)).count();
    assert!(printed(&["sync", "branch", "product", "--dir", &dir]).contains("branch.created 2"));
    assert_eq!(asked("/v3.0/"), 0);
    let orders = file(scene.folder.path(), "orders.json", &json!([scene.order("1")]).to_string());
    printed(&["orders", "push", &orders, "--dir", &dir]);

    refuses(&["move", "--dir", &dir], 2, "--api 3.0");
    refuses(&["move", "--api", "2.0", "--dir", &dir], 2, "new grant");
    refuses(&["connect", "--connection", "1", "--no-login", "--set", "api-version=3.0", "--dir", &dir], 2, "api-version");
    refuses(&["move", "--api", "3.0", "--set", "api-version=2.0", "--dir", &dir], 2, "do not go together");
    // Another business is refused, and the next login finds all as it was.
    let other = scene.nhanh.add_business("Cửa hàng khác", ShopSize::small()).id;
    let (ok, said) = scene.agrees(&["move", "--api", "3.0", "--dir", &dir], other);
    assert!(!ok && said.contains(&other.to_string()), "{said}");

    let (ok, said) = scene.agrees(&["move", "--api", "3.0", "--dir", &dir], business);
    assert!(ok && said.contains("Moved: ") && said.contains("API 2.0") && said.contains("API 3.0"), "{said}");
    let before = asked("/api/");
    let runs = json(&["sync", "branch", "product", "--json", "--dir", &dir]);
    for run in runs.as_array().unwrap() {
        assert_eq!(
            (&run["state"], &run["tally"]["product.created"], &run["tally"]["branch.created"]),
            (&json!("done"), &Value::Null, &Value::Null)
        );
    }
    let orders = file(scene.folder.path(), "orders.json", &json!([scene.order("1"), scene.order("2")]).to_string());
    printed(&["orders", "push", &orders, "--dir", &dir]);
    assert_eq!((scene.nhanh.ledger().len(), asked("/api/")), (2, before));
    // And back, with the words of `connect`; a toggle that goes along comes into force with the grant.
    let back = ["connect", "--connection", "1", "--api", "2.0", "--set", "sync-orders=off", "--dir", &dir];
    let (ok, said) = scene.agrees(&back, business);
    assert!(ok && said.contains("Moved: "), "{said}");
    let kept = scene.runtime.block_on(scene.store().connection(1)).unwrap();
    assert_eq!((kept.settings["api-version"].as_str(), kept.settings["sync-orders"].as_str()), ("2.0", "off"));
    // With the toggle off nothing is taken, which is said.
    let late = file(scene.folder.path(), "late.json", &json!([scene.order("9")]).to_string());
    refuses(&["orders", "push", &late, "--dir", &dir], 1, "đồng bộ đơn hàng đang tắt");
    // A field alone is kept at once, and the others stay.
    printed(&["connect", "--connection", "1", "--no-login", "--set", "sync-orders=on", "--dir", &dir]);
    let kept = scene.runtime.block_on(scene.store().connection(1)).unwrap();
    assert_eq!((kept.settings["api-version"].as_str(), kept.settings["sync-orders"].as_str()), ("2.0", "on"));
}

#[test]
fn a_draft_is_neither_moved_nor_pulled() {
    let scene = Scene::set();
    let words = scene.form();
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["--no-login"]).collect();
    printed(&words);
    refuses(&["move", "--api", "2.0", "--dir", scene.dir()], 2, "connector connect --connection 1");
    let no_grant = "connection 1 has no grant yet: `connector connect --connection 1` makes the first";
    refuses(&["sync", "branch", "--dir", scene.dir()], 1, no_grant);
    let runs = scene.runtime.block_on(scene.store().runs(1, 10)).unwrap();
    assert!(runs.is_empty(), "nothing is queued: {runs:?}");
}

#[test]
fn a_form_that_is_not_right_is_told_by_field_and_an_unfinished_login_changes_nothing() {
    let scene = Scene::set();
    let mut words = scene.form();
    words.extend(["--set", "sync-orders=maybe", "--set", "no-such-field=1", "--set", "default-role=king"].map(str::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let output = connector(&words).output().unwrap();
    let said = common::said(&output);
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    for field in ["sync-orders", "no-such-field", "default-role"] {
        assert!(said.contains(field), "all of them at once: {said}");
    }
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "no address of what is not kept");
    // Nothing is pasted: the form is kept, the login is not.
    let words = scene.form();
    let output = connector(&words.iter().map(String::as_str).collect::<Vec<_>>()).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(common::said(&output).contains("landing address"));
}

/// A merchant who has pulled branches, products and customers, and whose orders of these names were given to `orders push`.
fn selling(scene: &Scene, orders: &[&str]) -> String {
    let dir = scene.dir().to_owned();
    scene.connect(&[]);
    printed(&["sync", "branch", "product", "customer", "--dir", &dir]);
    let orders: Vec<Value> = orders.iter().map(|name| scene.order(name)).collect();
    let orders = file(scene.folder.path(), "orders.json", &Value::from(orders).to_string());
    printed(&["orders", "push", &orders, "--dir", &dir]);
    dir
}

#[test]
fn dead_letters_are_listed_by_cause_shown_tried_again_and_set_aside_and_events_tell_it() {
    let scene = Scene::set();
    let dir = selling(&scene, &["1"]);
    assert!(printed(&["dead-letters", "list", "--dir", &dir]).contains("Nothing waits for a person"));
    let strangers = ["2", "3"].map(|name| {
        let mut order = scene.order(name);
        order["order"]["lines"][0]["product"] = json!("999999");
        order
    });
    let strangers = file(scene.folder.path(), "strangers.json", &json!(strangers).to_string());
    assert_eq!(common::run(&["orders", "push", &strangers, "--dir", &dir]).status.code(), Some(1));

    let listed = printed(&["dead-letters", "list", "--dir", &dir]);
    assert!(listed.starts_with("2 × order [order.line-not-linked]"), "{listed}");
    for told in ["Tự làm / by itself", "Bạn / you", "order-2  DH-2", "order-3  DH-3"] {
        assert!(listed.contains(told), "{told}: {listed}");
    }
    let shown = json(&["dead-letters", "show", "order-2", "--dir", &dir]);
    assert_eq!((&shown["order"], &shown["record"]["recipient"]["name"]), (&json!("order-2"), &json!("Lê Thị Mơ")));
    refuses(&["dead-letters", "show", "order-1", "--dir", &dir], 2, "order-1");
    assert_eq!(common::run(&["dead-letters", "replay", "--dir", &dir]).status.code(), Some(2), "all of them has to be said");
    refuses(&["dead-letters", "replay", "--cause", "no.such", "--dir", &dir], 2, "no.such");
    refuses(&["dead-letters", "discard", "order-2", "--note", " ", "--dir", &dir], 2, "--note");

    // Nothing was mended: both fail again, and say why.
    let again = common::run(&["dead-letters", "replay", "--cause", "order.line-not-linked", "--json", "--dir", &dir]);
    assert_eq!(again.status.code(), Some(1));
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(again[0], json!({ "id": "order-2", "became": "failed-again", "failure": "order.line-not-linked" }));
    assert!(printed(&["dead-letters", "discard", "order-2", "order-3", "--note", "đã nhập tay", "--dir", &dir]).contains("2 of 2"));
    assert_eq!(json(&["dead-letters", "list", "--json", "--dir", &dir]), json!([]));

    let events = json(&["events", "--json", "--dir", &dir]);
    let events = events.as_array().unwrap();
    let of = |subject: &str| -> Vec<&str> {
        events.iter().filter(|event| event["subject"] == subject).map(|event| event["code"].as_str().unwrap()).collect()
    };
    let fails = ["event.order-ended", "event.dead-letter"];
    assert_eq!(of("order-1"), ["event.order-ended"]);
    assert_eq!(of("order-2"), [&fails[..], &["event.replayed"], &fails[..], &["event.discarded"]].concat());
    let all = printed(&["events", "--connection", "1", "--dir", &dir]);
    assert!(!all.contains("Lê Thị Mơ") && !all.contains("0912345678") && !all.contains("đã nhập tay"), "{all}");
    let last = events.last().unwrap()["id"].to_string();
    assert_eq!(printed(&["events", "--after", &last, "--dir", &dir]), "");
    refuses(&["events", "--connection", "77", "--dir", &dir], 2, "connection 77 is not in the store");
    let first = printed(&["events", "--limit", "3", "--dir", &dir]);
    let more = format!("There may be more: --after {}", events[2]["id"]);
    assert_eq!((first.lines().count(), first.lines().last()), (4, Some(more.as_str())), "{first}");
}

#[test]
fn a_copy_is_made_while_another_process_serves_and_comes_back_into_another_folder() {
    let scene = Scene::set();
    let dir = selling(&scene, &["1"]);
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut serving =
        connector(&["serve", "--listen", "127.0.0.1:0", "--dir", &dir]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(serving.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("listening on "), "{first}");
    let copied = printed(&["backup", "--out", &path("copy.sqlite"), "--dir", &dir]);
    assert!(copied.contains("host.key") && copied.contains("keep it apart"), "{copied}");
    refuses(&["backup", "--out", &path("copy.sqlite"), "--dir", &dir], 2, "exists already");
    refuses(&["backup", "--out", &path("other.sqlite"), "--dir", &path("nowhere")], 2, "nowhere");
    refuses(&["restore", &path("copy.sqlite"), "--dir", &dir, "--force"], 2, "another connector process");
    serving.kill().unwrap();
    serving.wait().unwrap();
    refuses(&["restore", &path("copy.sqlite"), "--dir", &dir], 2, "not empty");

    // After the copy one more order went out; the other folder has the key alone.
    let orders = file(scene.folder.path(), "more.json", &json!([scene.order("2")]).to_string());
    printed(&["orders", "push", &orders, "--dir", &dir]);
    let to = path("to");
    refuses(&["restore", &path("copy.sqlite"), "--dir", &to], 2, "host.key");
    std::fs::create_dir(&to).unwrap();
    std::fs::copy(scene.folder.path().join("host.key"), format!("{to}/host.key")).unwrap();
    let restored = printed(&["restore", &path("copy.sqlite"), "--dir", &to]);
    assert!(restored.contains("restored into"), "{restored}");
    let outcome = json(&["orders", "push", &orders, "--json", "--dir", &to]);
    assert_eq!((&outcome[0]["outcome"]["how"], scene.nhanh.ledger().len()), (&json!("adopted"), 2), "it is not made twice");

    let forced = json(&["restore", &path("copy.sqlite"), "--force", "--json", "--dir", &to]);
    assert!(std::path::Path::new(forced["kept"].as_str().unwrap()).is_file(), "{forced}");
}

#[test]
fn a_customer_is_handed_out_and_erased_and_the_connection_cut() {
    let scene = Scene::set();
    let dir = selling(&scene, &["1"]);
    let out = scene.folder.path().join("customer.json");
    let words =
        |customer: &str| ["export", "--customer", customer, "--out", out.to_str().unwrap(), "--dir", &dir].map(str::to_owned).to_vec();
    let run = |words: &[String]| printed(&words.iter().map(String::as_str).collect::<Vec<_>>());
    run(&words("0912345678"));
    let held: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    assert_eq!(held["nobi_order"][0]["record"]["recipient"]["name"], "Lê Thị Mơ");
    let existing: Vec<String> = words("0912345678");
    refuses(&existing.iter().map(String::as_str).collect::<Vec<_>>(), 2, "customer.json");
    let unclear = common::run(&["erase", "--customer", "Lan", "--dir", &dir]);
    assert!(unclear.status.code() == Some(2) && common::said(&unclear).contains("0912345678"), "a name is no customer");

    let remote = scene.nhanh.ledger()[0].id.to_string();
    let erased = printed(&["erase", "--customer", "+84 912 345 678", "--dir", &dir]);
    assert!(erased.starts_with("Đã xóa 0 khách hàng, thông tin người mua trong 1 đơn"), "{erased}");
    assert!(erased.contains("Vẫn còn ở Nhanh.vn") && erased.contains(&remote), "{erased}");
    let bytes = std::fs::read(scene.folder.path().join("host.sqlite")).unwrap();
    for trace in ["Lê Thị Mơ", "0912345678"] {
        assert!(!bytes.windows(trace.len()).any(|part| part == trace.as_bytes()), "{trace}");
    }
    assert!(printed(&["erase", "--customer", "0912345678", "--dir", &dir]).contains("Nothing is held"));

    assert!(printed(&["disconnect", "--dir", &dir]).contains("links and history are kept"));
    let cut = scene.runtime.block_on(scene.store().connection(1)).unwrap();
    assert_eq!(cut.pause.unwrap().code, "host.disconnected");
    assert!(printed(&["disconnect", "--purge", "--connection", "1", "--dir", &dir]).contains("is erased"));
    refuses(&["check", "--dir", &dir], 2, "no connection yet");
    assert_eq!(json(&["events", "--connection", "1", "--json", "--dir", &dir])[0]["code"], "event.purged");
}
