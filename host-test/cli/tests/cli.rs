//! The binary as engineers use it: the demo, `inspect`, `pack`, `call` with the README's examples, and one clear line for wrong words.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use connector_host::store::{Sealer, SqliteStore, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{connector, example, file, json, printed, refuses, run, said};

#[test]
fn the_demo_adds_up_leaves_its_data_and_no_secret_in_it_and_wants_a_new_folder() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("demo");
    let words = ["demo", "--size", "small", "--json", "--dir", dir.to_str().unwrap()];
    let output = run(&words);
    assert!(output.status.success(), "{}", said(&output));
    let summary: Value = serde_json::from_slice(&output.stdout).expect("standard output is JSON and nothing else");
    assert_eq!(summary["balanced"], true, "{summary:#}");
    let steps = summary["moved"].as_str().unwrap_or_default();
    assert!(steps.contains("Nhanh.vn V2") && steps.ends_with("→ Nhanh.vn V3 (API 3.0)"), "it ends on 3.0: {summary:#}");
    assert!(summary["lines"].as_array().is_some_and(|lines| lines.len() > 10), "{summary:#}");
    let database = summary["database"].as_str().expect("it says where the data is");
    assert!(std::fs::metadata(database).unwrap().len() > 0);

    // Read before they are opened: SQLite tidies up after itself.
    let mut left: Vec<_> = files(&dir).into_iter().map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect();
    assert!(left.iter().any(|(place, _)| place.ends_with(".code")), "compiled code is kept, and looked through");
    left.push(("standard output".to_owned(), output.stdout.clone()));
    left.push(("standard error".to_owned(), output.stderr.clone()));
    let secrets = secrets_of(&dir);
    assert_eq!(secrets.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["access-token", "client-secret", "verify-token"]);
    for (name, secret) in &secrets {
        for (place, bytes) in &left {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{name} stands in {place}");
        }
    }

    // The next start has nothing to bring back: no time of the story lies in the future.
    let told = told_of_time(&dir);
    assert!(told <= connector_host::clock::Clock::system().now(), "{told}");
    let streams = json(&["sync", "--status", "--json", "--dir", dir.to_str().unwrap()]);
    let pulled = |line: &&Value| ["branch", "category", "product", "customer"].contains(&line["entity"].as_str().unwrap());
    let last: Vec<&Value> = streams.as_array().unwrap().iter().filter(pulled).map(|line| &line["last-success"]).collect();
    assert!(last.len() == 4 && last.iter().all(|last| last.is_string()), "{streams:#}");

    refuses(&words, 2, "--dir");
}

#[test]
fn the_demo_on_the_other_api_adds_up_too_moves_the_other_way_and_opens_a_page_on_it() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("demo");
    let output = run(&["demo", "--size", "small", "--api", "3.0", "--dir", dir.to_str().unwrap()]);
    let told = said(&output);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("Nhanh.vn V3 (API 3.0) → Nhanh.vn V2"), "{told}");
    let table = String::from_utf8_lossy(&output.stdout);
    let row = table.lines().find(|line| line.starts_with("branches (chi nhánh = kho) ")).expect("a line a row, for people");
    assert_eq!(row.split_whitespace().rev().take(2).collect::<Vec<_>>(), ["3", "3"], "{table}");
    assert!(table.contains("Everything adds up"), "{table}");

    // What it says last is typed as it stands, on another port.
    let line = told.lines().find_map(|line| line.split_once("connection page on it: ")).expect("it says how to open the page").1;
    let (_, words) = line.split_once(" serve ").unwrap();
    let words: Vec<&str> = ["serve", "--listen", "127.0.0.1:0"].into_iter().chain(words.split_whitespace()).collect();
    let mut serving = Serving(connector(&words).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(serving.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut after = |what: &str| lines.find_map(|line| line.split_once(what).map(|(_, rest)| rest.trim().to_owned())).unwrap();
    let (page, account) = (after("connection page "), after("sign in with "));
    let (name, password) = account.split_once(" / ").unwrap();
    let seen = tokio::runtime::Runtime::new().unwrap().block_on(page_of(&page, name, password));
    assert!(seen.contains("Nhanh.vn") && seen.contains("Đang hoạt động"), "{seen}");
}

/// A service that ends with its test, whatever becomes of that.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a person sees who signs in.
async fn page_of(page: &str, name: &str, password: &str) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let between = |text: &str, before: &str, after: char| text.split_once(before).unwrap().1.split(after).next().unwrap().to_owned();
    let held = |response: &reqwest::Response, name: &str| {
        let cookies: Vec<&str> = response.headers().get_all("set-cookie").iter().map(|it| it.to_str().unwrap()).collect();
        format!("{name}={}", between(&cookies.join("\n"), &format!("{name}="), ';'))
    };
    let origin = page.strip_suffix("/connections").unwrap();
    let form = client.get(format!("{origin}/sign-in")).send().await.unwrap();
    let visitor = held(&form, "nobi-visitor");
    let csrf = between(&form.text().await.unwrap(), "name=\"csrf\" value=\"", '"');
    let fields = format!("csrf={csrf}&name={name}&password={password}");
    let sent = client.post(format!("{origin}/sign-in")).header("cookie", visitor).body(fields).send().await.unwrap();
    let session = held(&sent, "nobi-session");
    client.get(page).header("cookie", session).send().await.unwrap().text().await.unwrap()
}

/// Every file of a folder, and of the folders in it.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The store in this folder, with the folder's own key: made where there is none.
fn store(dir: &Path) -> std::sync::Arc<dyn Store> {
    std::fs::create_dir_all(dir).unwrap();
    std::sync::Arc::new(SqliteStore::open(&dir.join("host.sqlite"), Sealer::from_file(&dir.join("host.key")).unwrap()).unwrap())
}

/// The latest time that a host wrote down in this folder as its own.
fn told_of_time(dir: &Path) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store(dir).latest_time()).unwrap().unwrap()
}

/// The secrets of the demo's connection, opened with the demo's own key.
fn secrets_of(dir: &Path) -> Vec<(String, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let secrets = runtime.block_on(store(dir).secrets(1)).unwrap();
    secrets.iter().map(|(name, secret)| (name.to_owned(), secret.expose().to_owned())).collect()
}

#[test]
fn inspect_says_what_the_component_is_and_pack_writes_it() {
    let inspection = json(&["inspect", "--json"]);
    let functions: Vec<String> = inspection["imports"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|item| item["functions"].as_array().unwrap().iter().map(|it| format!("{} {}", item["name"], it["name"])))
        .collect();
    assert_eq!(functions, [r#""nobi:connector/http@0.1.0" "send""#, r#""nobi:connector/log@0.1.0" "emit""#]);
    assert_eq!(inspection["descriptor"]["id"], "nhanh");

    let folder = TempDir::new().unwrap();
    let out = folder.path().join("nhanh.wasm");
    let out = out.to_str().unwrap();
    printed(&["pack", "--out", out]);
    assert_eq!(std::fs::read(out).unwrap(), connector_component::BYTES);
    assert_eq!(json(&["inspect", out, "--json"]), inspection, "the file is what is built in");
    assert!(printed(&["inspect"]).contains("nobi:connector/http@0.1.0"));
    refuses(&["inspect", &file(folder.path(), "text.wasm", "no component")], 2, "component");
    refuses(&["pack", "--out", out], 2, out);
    refuses(&["pack", "--out", "/nowhere/at/all.wasm"], 2, "/nowhere/at/all.wasm");
}

#[test]
fn the_five_examples_of_the_readme_say_what_they_should() {
    let call = |export: &str| json(&["call", export, &example(export)])["ok"].clone();
    let product = call("map-product");
    assert_eq!(
        (&product["sku"], &product["parent"], &product["prices"]["retail"]),
        (&json!("AT01-DO-M"), &json!("38000101"), &json!(129_000))
    );
    assert_eq!(product["stock"][0]["available"], 9_500, "thousandths");

    let order = &call("map-order")["create"];
    assert_eq!((&order["own-id"], &order["request"]["path"]), (&json!("ab12-DH-1001"), &json!("/api/order/add")));
    let form = order["request"]["body"]["form"].as_array().unwrap();
    let data = form.iter().find(|field| field["name"] == "data").unwrap()["value"].as_str().unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!((&data["customerMobile"], &data["moneyDiscount"], &data["depotId"]), (&json!("0912345678"), &json!(8_000), &json!(31_010)));

    let request = call("build-sync-request");
    assert_eq!((&request["endpoint"], &request["path"]), (&json!("api"), &json!("/api/product/search")));

    let page = call("read-sync-response");
    let branches: Vec<&Value> = page["changes"].as_array().unwrap().iter().map(|change| &change["branch"]).collect();
    assert_eq!((&branches[0]["name"], &branches[0]["phone"]), (&json!("Kho Hà Nội"), &json!("02438268888")));
    assert_eq!((branches.len(), &branches[1]["phone"], &page["next"]), (2, &Value::Null, &Value::Null));

    let accepted = &call("handle-webhook")["accepted"];
    assert_eq!(accepted["changes"][0]["stock"]["levels"][0]["available"], 10_000);
    assert_eq!(accepted["refresh"][0]["entity"], "stock");
}

#[test]
fn what_a_call_answers_is_the_same_value_and_no_terminal_obeys_it() {
    let folder = TempDir::new().unwrap();
    let text = std::fs::read_to_string(example("map-product")).unwrap();
    let named = text.replace("Áo thun Đỏ M", "Áo\\\\u202eM Đ\\\\u009b2J \\\\u2066ỏ\\\\u001b[31m");
    let output = run(&["call", "map-product", &file(folder.path(), "product.json", &named)]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(!shown.contains(common::is_obeyed), "{shown:?}");
    let value: Value = serde_json::from_str(&shown).unwrap();
    let name = value["ok"]["name"].as_str().unwrap();
    assert!(
        name.starts_with("Áo") && name.contains('\u{202e}') && shown.contains("\\u202e"),
        "the same value, written otherwise: {name:?}"
    );
}

#[test]
fn call_reads_standard_input_and_any_component() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("nhanh.wasm");
    printed(&["pack", "--out", out.to_str().unwrap()]);
    let input = std::fs::File::open(example("build-sync-request")).unwrap();
    let output = connector(&["call", "build-sync-request", "-", "--component", out.to_str().unwrap()]).stdin(input).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(
        serde_json::from_slice::<Value>(&output.stdout).unwrap(),
        json(&["call", "build-sync-request", &example("build-sync-request")])
    );
}

#[test]
fn a_new_connection_in_api_2_0_is_told_that_its_support_has_ended_and_the_way_to_3_0() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("data");
    let secret = format!("client-secret=@{}", file(folder.path(), "secret.txt", "a-secret-key"));
    let words = [
        "connect",
        "--no-login",
        "--set",
        "app-id=75086",
        "--set",
        "default-role=sale",
        "--secret",
        &secret,
        "--dir",
        dir.to_str().unwrap(),
    ];
    let told = printed(&[&words[..], &["--api", "2.0"]].concat());
    assert!(told.contains("Nhanh.vn V2 (API 2.0, hết hỗ trợ sau 30/11/2026)") && told.contains("unsupported after 30/11/2026"), "{told}");
    assert!(told.contains("→ connector connect --connection 1 --api 3.0"), "{told}");
    // The way is one that can be gone.
    printed(&["connect", "--no-login", "--connection", "1", "--api", "3.0", "--dir", dir.to_str().unwrap()]);
    let third = printed(&words);
    assert!(!third.contains("hết hỗ trợ"), "nothing to say: {third}");
}

#[test]
fn wrong_words_are_one_clear_line() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("data");
    drop(store(&dir));
    let dir = dir.to_str().unwrap();
    let input = |name: &str, text: &str| file(folder.path(), name, text);
    let good = example("map-order");
    let misspelt = std::fs::read_to_string(&good).unwrap().replace("\"sequence\"", "\"sequnce\"");
    let unfitting = std::fs::read_to_string(&good).unwrap().replace("\"delivery\"", "\"by-boat\"");
    refuses(&["call", "map-everything", &good], 2, "map-everything");
    refuses(&["call", "map-order", &input("broken.json", "{\"context\": ")], 2, "line 1");
    refuses(&["call", "map-order", &input("misspelt.json", &misspelt)], 2, "sequnce");
    refuses(&["call", "map-order", &input("unfitting.json", &unfitting)], 2, "by-boat");
    refuses(&["call", "map-order", &input("list.json", "[]")], 2, "object");
    refuses(&["call", "map-order", "/nowhere/input.json"], 2, "/nowhere/input.json");
    refuses(&["call", "map-order", &good, "--component", "/nowhere/other.wasm"], 2, "/nowhere/other.wasm");
    refuses(&["sync", "wholesalers", "--dir", dir], 2, "wholesalers");
    refuses(&["sync", "branch", "--dir", dir], 2, "connector connect");
    refuses(&["orders", "push", "/nowhere/orders.json", "--dir", dir], 2, "/nowhere/orders.json");
    refuses(&["orders", "push", &input("orders.json", "nothing"), "--dir", dir], 2, "orders.json");
    refuses(&["connect", "--set", "app-id", "--dir", dir], 2, "KEY=VALUE");
    for of_a_new_one in [["--tenant", "other"], ["--origin", "api=https://a.vn"]] {
        let output = common::run(&[&["connect", "--connection", "1", "--dir", dir][..], &of_a_new_one].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(common::said(&output).contains("cannot be used with"), "{}", common::said(&output));
    }
    refuses(&["connect", "--secret", "client-secret=in-the-shell's-history", "--dir", dir], 2, "@FILE");
    refuses(&["connect", "--secret", "client-secret=env:NOBODY_SET_THIS", "--dir", dir], 2, "NOBODY_SET_THIS");
    refuses(&["serve", "--listen", "192.0.2.1:1", "--dir", dir], 2, "--listen");
    for (public, why) in [
        ("connect.example.vn", "it is no address; write an origin such as https://connect.example.vn"),
        ("http://connect.example.vn", "it is not https"),
        ("https://connect.example.vn/nobi", "it has more than scheme, host and port"),
    ] {
        refuses(&["serve", "--public", public, "--dir", dir], 2, why);
        refuses(&["connect", "--public", public, "--dir", dir], 2, why);
        refuses(&["move", "--public", public, "--api", "3.0", "--dir", dir], 2, why);
    }
}

#[test]
fn a_folder_that_is_misspelt_is_told_and_nothing_is_made_of_it() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("misspelt").join("data");
    let path = dir.to_str().unwrap();
    let out = folder.path().join("out").display().to_string();
    let order = file(folder.path(), "orders.json", "[]");
    let all = "check|operator|operator lan|sync branch|sync --status|events|events --connection 1|orders list|orders show a|dead-letters list|\
               move --api 3.0|hand-over --connection 1 --to 2|pairs|erase --customer 0912345678|disconnect|connect --connection 1";
    let mut all: Vec<Vec<&str>> = all.split('|').map(|words| words.split_whitespace().collect()).collect();
    all.extend([vec!["export", "--out", &out], vec!["backup", "--out", &out], vec!["orders", "push", &order]]);
    for words in all {
        refuses(&[&words[..], &["--dir", path]].concat(), 2, &format!("no data of a host in {path}"));
        assert!(!folder.path().join("misspelt").exists(), "{words:?} made it");
    }
    // One that is there and holds something else stays as it is.
    std::fs::create_dir_all(&dir).unwrap();
    refuses(&["check", "--dir", path], 2, "no data of a host");
    assert!(files(&dir).is_empty(), "{:?}", files(&dir));
    // Its help does not promise one either.
    assert!(!printed(&["check", "--help"]).contains("made where there is none"));
    assert!(printed(&["connect", "--help"]).contains("made where there is none"));
}

#[test]
fn a_copy_that_is_refused_leaves_no_folder() {
    let folder = TempDir::new().unwrap();
    let copy = file(folder.path(), "copy.sqlite", "no copy");
    let dir = folder.path().join("misspelt").join("data");
    let words = ["restore", &copy, "--dir", dir.to_str().unwrap()];
    refuses(&words, 2, "host.key is missing");
    assert!(!folder.path().join("misspelt").exists());
    let with_a_key = || connector(&words).env("CONNECTOR_KEY", "ab".repeat(32)).output().unwrap();
    assert_eq!(with_a_key().status.code(), Some(2), "{}", said(&with_a_key()));
    assert!(!folder.path().join("misspelt").exists());
    // What was there stays, and nothing comes beside it.
    std::fs::create_dir_all(&dir).unwrap();
    drop(Sealer::from_file(&dir.join("host.key")).unwrap());
    refuses(&words, 2, "is not a file of this host");
    assert_eq!(files(&dir), [dir.join("host.key")]);
}

#[test]
fn figures_are_shown_where_somebody_asked_for_them_and_nowhere_else() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().to_str().unwrap();
    let words = ["serve", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--dir", dir];
    let mut serving = connector(&words).stdout(Stdio::piped()).spawn().unwrap();
    let (mut page, mut figures) = (None, None);
    for line in BufReader::new(serving.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        page = page.or(line.strip_prefix("listening on ").map(str::to_owned));
        if let Some((_, told)) = line.split_once("http://").filter(|_| line.contains("/metrics")) {
            figures = Some(format!("http://{}", told.split('/').next().unwrap()));
            break;
        }
    }
    let (page, figures) = (page.unwrap(), figures.unwrap());
    let get = |address: String| {
        let (host, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse::<u16>().unwrap(), body.to_owned())
    };
    assert_eq!((get(format!("{figures}/healthz")), get(format!("{figures}/readyz"))), ((200, "ok".to_owned()), (200, "ok".to_owned())));
    assert!(get(format!("{figures}/metrics")).1.contains("connector_store_commits_total"));
    assert_eq!(get(format!("{page}/metrics")).0, 404, "not where the world is let in");
    serving.kill().unwrap();
    serving.wait().unwrap();
    refuses(&["serve", "--listen", "127.0.0.1:0", "--metrics", "192.0.2.1:1", "--dir", dir], 2, "--metrics");
}

#[test]
fn a_folder_is_used_by_one_process_at_a_time() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("made");
    let dir = dir.to_str().unwrap();
    let mut serving =
        connector(&["serve", "--listen", "127.0.0.1:0", "--dir", dir]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(serving.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("listening on "), "{first}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(dir).unwrap().permissions().mode() & 0o777, 0o700, "nobody else looks into what it made");
    }
    // Nobody reads its output any more, as behind `| head -1`: it goes on.
    refuses(&["sync", "branch", "--dir", dir], 2, "another connector process");
    assert!(serving.try_wait().unwrap().is_none(), "it still serves");
    serving.kill().unwrap();
    let output = serving.wait_with_output().unwrap();
    assert_eq!(said(&output), "", "and has not panicked");
    // A process that was killed leaves no lock behind.
    refuses(&["sync", "branch", "--dir", dir], 2, "connector connect");
}

#[cfg(unix)]
#[test]
fn a_service_that_is_asked_to_end_ends_well_also_while_a_page_is_open() {
    let folder = TempDir::new().unwrap();
    let words = ["serve", "--listen", "127.0.0.1:0", "--dir", folder.path().to_str().unwrap()];
    let mut serving = connector(&words).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(serving.stdout.take().unwrap()).lines();
    let listening = lines.next().unwrap().unwrap();
    // Somebody who never finishes asking does not keep it.
    let mut open = TcpStream::connect(listening.strip_prefix("listening on http://").unwrap()).unwrap();
    write!(open, "GET / HTTP/1.1\r\n").unwrap();
    lines.find(|line| line.as_ref().unwrap().contains("Redirect URL")).unwrap().unwrap();
    assert!(Command::new("kill").args(["-TERM", &serving.id().to_string()]).status().unwrap().success());
    let last = lines.last().unwrap().unwrap();
    assert_eq!((last.as_str(), serving.wait().unwrap().code()), ("stopped; nothing is lost", Some(0)));
}

/// What a start says of compiled code: where this one had it from, and what else is a warning.
fn start(dir: &str) -> String {
    let output = connector(&["sync", "branch", "--dir", dir]).env("CONNECTOR_LOG", "warn,connector=debug").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "there is no connection yet");
    said(&output)
}

#[test]
fn a_second_start_compiles_nothing_and_trusts_no_file_that_was_touched() {
    let folder = TempDir::new().unwrap();
    drop(store(folder.path()));
    let dir = folder.path().to_str().unwrap();
    assert!(start(dir).contains("Recompiled(Absent)"));
    let kept = files(&folder.path().join("code"));
    let [file] = kept.as_slice() else { panic!("{kept:?}") };
    let code = std::fs::read(file).unwrap();
    assert!(start(dir).contains("code=Cached"));

    let mut touched = code.clone();
    let middle = touched.len() / 2;
    touched[middle] ^= 1;
    std::fs::write(file, &touched).unwrap();
    let said = start(dir);
    assert!(said.contains("Recompiled(Mac)") && said.contains("the kept code is not used"), "{said}");
    assert_ne!(std::fs::read(file).unwrap(), touched, "what was touched is replaced");
    assert!(start(dir).contains("code=Cached"));

    // Another key trusts nothing of this one's.
    std::fs::write(folder.path().join("host.key"), "cd".repeat(32)).unwrap();
    assert!(start(dir).contains("Recompiled(Mac)"));
}

#[test]
fn code_that_cannot_be_kept_stops_nobody() {
    let folder = TempDir::new().unwrap();
    drop(store(folder.path()));
    std::fs::write(folder.path().join("code"), "a file where the folder should be").unwrap();
    let said = start(folder.path().to_str().unwrap());
    assert!(said.contains("compiled code is not kept") && said.contains("code=Compiled"), "{said}");
}

#[test]
fn the_log_tells_the_life_of_a_connection_a_line_an_act_and_serve_prints_no_callback_address() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().to_str().unwrap();
    let words = [
        "connect",
        "--no-login",
        "--dir",
        dir,
        "--set",
        "app-id=73001",
        "--set",
        "default-role=sale",
        "--secret",
        "client-secret=env:SECRET",
    ];
    let made = connector(&words).env("SECRET", "a-client-secret").env("CONNECTOR_LOG", "info").output().unwrap();
    let log = said(&made);
    assert!(made.status.success(), "{log}");
    let life: Vec<&str> = log.lines().filter(|line| line.contains("connector_host::life")).collect();
    assert_eq!(life.len(), 2, "{log}");
    assert!(life[0].contains("connection 1: event.draft-made") && life[1].contains("connection 1: event.form-saved"), "{log}");
    assert!(!log.contains("a-client-secret") && !log.contains("73001"), "no value: {log}");
    let told = String::from_utf8(made.stdout).unwrap();
    let (_, hook) = told.split_once("/hooks/").unwrap_or_else(|| panic!("whoever connects is told the address: {told}"));
    let hook = hook.split_whitespace().next().unwrap();

    let words = ["serve", "--listen", "127.0.0.1:0", "--dir", dir];
    let mut serving = connector(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(serving.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut told = Vec::new();
    for line in lines.by_ref() {
        told.push(line);
        if told.last().unwrap().contains("Redirect URL") {
            break;
        }
    }
    Command::new("kill").arg(serving.id().to_string()).status().unwrap();
    told.extend(lines);
    assert!(serving.wait().unwrap().success());
    let told = told.join("\n");
    assert!(told.contains("connection page") && !told.contains(hook) && !told.contains("/hooks/"), "{told}");
}
