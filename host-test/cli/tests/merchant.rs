//! The binary as a merchant's engineer uses it: `connect`, `sync`, `orders push`, against a simulated Nhanh.vn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;

use connector_host::store::{Sealer, Store};
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

    /// Runs `connect` and does what it asks: opens the login page, agrees, pastes the landing address.
    fn connect(&self) -> String {
        let words = self.form();
        let mut command = connector(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut printed = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let login = loop {
            let line = lines.next().expect("it prints where to log in").unwrap();
            printed += &format!("{line}\n");
            if let Some((_, link)) = line.split_once("agree here: ") {
                break link.trim().to_owned();
            }
        };
        let landing = self.runtime.block_on(self.nhanh.log_in(&login, Grant::all(self.nhanh.business().id))).unwrap();
        writeln!(child.stdin.take().unwrap(), "{landing}").unwrap();
        for line in lines {
            printed += &format!("{}\n", line.unwrap());
        }
        assert!(child.wait().unwrap().success(), "{printed}");
        printed
    }

    fn store(&self) -> Store {
        let dir: &Path = self.folder.path();
        Store::open(&dir.join("host.sqlite"), Sealer::from_file(&dir.join("host.key")).unwrap()).unwrap()
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
fn a_merchant_connects_pulls_and_pushes_orders_each_once() {
    let scene = Scene::set();
    let dir = scene.dir().to_owned();
    let printed_by_connect = scene.connect();
    assert!(printed_by_connect.contains("https://localhost:8750/landing"), "{printed_by_connect}");
    assert!(printed_by_connect.contains(&format!("Connected to business {}", scene.nhanh.business().id)), "{printed_by_connect}");
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
    // Nothing is pasted: the form is kept, the login is not.
    let words = scene.form();
    let output = connector(&words.iter().map(String::as_str).collect::<Vec<_>>()).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(common::said(&output).contains("landing address"));
}
