//! `try` and `sim` as a person uses them: a real process, and over real sockets every click that its steps name.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use reqwest::{Client, Response};
use tempfile::TempDir;

use crate::common::{connector, refuses};

/// Nothing here takes this long, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that ends with its test, and what it says.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(words: &[&str]) -> Running {
        let mut child = connector(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (say, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| say.send(line)));
        Running { child, lines }
    }

    /// The next line that has this, from there on.
    fn after(&mut self, what: &str) -> String {
        self.within(PATIENCE, what).unwrap_or_else(|| panic!("it never said `{what}`"))
    }

    /// The same, where it comes in time.
    fn within(&mut self, longest: Duration, what: &str) -> Option<String> {
        let until = Instant::now() + longest;
        loop {
            let line = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())).ok()?;
            if let Some((_, rest)) = line.split_once(what) {
                return Some(rest.trim().to_owned());
            }
        }
    }

    /// Asked to end, as by Ctrl-C: its last line.
    fn stop(mut self) -> String {
        assert!(Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap().success());
        let last = self.lines.iter().last().unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        last
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser: it keeps cookies, follows the way after a form, and sends a form as it stands.
struct Browser {
    client: Client,
    cookies: BTreeMap<String, String>,
}

/// What it shows.
struct Page {
    url: String,
    status: u16,
    text: String,
}

impl Page {
    /// What stands between these, the first time.
    fn between(&self, before: &str, after: &str) -> String {
        let rest = self.text.split_once(before).unwrap_or_else(|| panic!("no {before} in {}", self.text)).1;
        rest.split_once(after).unwrap().0.replace("&amp;", "&")
    }
}

impl Browser {
    fn new() -> Browser {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Browser { client, cookies: BTreeMap::new() }
    }

    async fn open(&mut self, url: &str) -> Page {
        let request = self.client.get(url).header("cookie", self.jar());
        let response = request.send().await.unwrap();
        self.arrive(url, response).await
    }

    async fn press(&mut self, url: &str, fields: &[(&str, &str)]) -> Page {
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let request = self.client.post(url).header("cookie", self.jar()).header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(body.join("&")).send().await.unwrap();
        self.arrive(url, response).await
    }

    fn jar(&self) -> String {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    async fn arrive(&mut self, url: &str, mut response: Response) -> Page {
        let mut url = url.to_owned();
        loop {
            for cookie in response.headers().get_all("set-cookie") {
                let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            let Some(next) = response.headers().get("location").map(|next| next.to_str().unwrap().to_owned()) else {
                return Page { url, status: response.status().as_u16(), text: response.text().await.unwrap() };
            };
            url = if next.starts_with('/') { format!("{}{next}", origin(&url)) } else { next };
            response = self.client.get(&url).header("cookie", self.jar()).send().await.unwrap();
        }
    }
}

fn origin(url: &str) -> &str {
    let end = url.match_indices('/').nth(2).map_or(url.len(), |(at, _)| at);
    &url[..end]
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn trying_works_from_the_sign_in_to_a_level_that_arrives_and_an_order_that_is_there() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("try");
    let mut trying = Running::start(&["try", "--port", "0", "--nhanh-port", "0", "--dir", dir.to_str().unwrap()]);
    let page = trying.after("(connection page)");
    let account = trying.after("(sign in with)");
    let nhanh = trying.after("(a simulated Nhanh.vn)");
    trying.after("Ctrl-C");
    let (name, password) = account.split_once(" / ").unwrap();
    let here = origin(&page).to_owned();
    let mut browser = Browser::new();

    // 1: signs in, and finds the connection with its form filled in.
    let door = browser.open(&page).await;
    let csrf = door.between("name=\"csrf\" value=\"", "\"");
    let list = browser
        .press(&format!("{here}/sign-in"), &[("csrf", &csrf), ("name", name), ("password", password), ("next", "/connections")])
        .await;
    assert!(list.text.contains("/connections/1"), "{}", list.text);
    let form = browser.open(&format!("{here}/connections/1/form")).await;
    assert!(form.text.contains("value=\"0901234567\"") && form.text.contains("Nhanh.vn V3"), "{}", form.text);

    // 2: to Nhanh.vn's login and back, with what stands ticked there.
    let connection = browser.open(&format!("{here}/connections/1")).await;
    let csrf = connection.between("name=\"csrf\" value=\"", "\"");
    let login = browser.press(&format!("{here}/connections/1/login"), &[("csrf", &csrf)]).await;
    assert!(login.url.starts_with(origin(&nhanh)) && login.text.contains("Đồng ý"), "{} {}", login.url, login.text);
    let business = login.between("<option value=\"", "\"");
    let mut fields = vec![("businessId".to_owned(), business)];
    for field in login.text.split("<input ").skip(1).filter(|field| field.contains("type=\"hidden\"") || field.contains(" checked")) {
        let of = |name: &str| field.split_once(&format!("{name}=\"")).unwrap().1.split('"').next().unwrap().replace("&amp;", "&");
        fields.push((of("name"), of("value")));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let back = browser.press(&format!("{}/oauth", origin(&nhanh)), &fields).await;
    assert!(
        back.url.ends_with("/landing/business") && back.text.contains("Đây có đúng là doanh nghiệp của bạn?"),
        "{} {}",
        back.url,
        back.text
    );
    let back = browser.press(&back.url, &[("csrf", &csrf), ("answer", "yes")]).await;
    assert!(back.url.contains("/connections/1/check?said=connected") && back.status == 200, "{} {}", back.url, back.text);

    // 3: presses the buttons.
    for entity in ["branch", "category", "product", "customer"] {
        let pressed = browser.press(&format!("{here}/connections/1/sync"), &[("csrf", &csrf), ("entity", entity)]).await;
        assert!(pressed.url.contains("said=queued"), "{}", pressed.url);
    }
    // The page says itself that something goes on: without JavaScript it comes again.
    let patience = Instant::now() + PATIENCE;
    while browser.open(&format!("{here}/connections/1")).await.text.contains("http-equiv=\"refresh\"") {
        assert!(Instant::now() < patience, "the pull never ended");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    trying.after("(levels are there)");

    // 4: a level that is changed there arrives here.
    let stock = browser.open(&format!("{nhanh}/stock")).await;
    let (product, depot) = (stock.between("name=\"product\" value=\"", "\""), stock.between("name=\"depot\" value=\"", "\""));
    // What changes before the terminal has first looked is no change there: a person edits once more.
    let mut told = None;
    for remain in ["4321", "4322", "4323"] {
        let changed = browser.press(&format!("{nhanh}/stock"), &[("product", &product), ("depot", &depot), ("remain", remain)]).await;
        assert!(changed.text.contains("Đã đổi tồn"), "{}", changed.text);
        told = told.or_else(|| trying.within(Duration::from_secs(10), "→ Nobi: tồn của "));
        if told.is_some() {
            break;
        }
    }
    let told = told.expect("the level has arrived");
    assert!(told.contains("→ 43"), "{told}");

    // 5: Enter sends an order, and it is there.
    writeln!(trying.child.stdin.as_mut().unwrap()).unwrap();
    assert!(trying.after("→ Nobi: đơn ").starts_with("DH00001"));
    assert!(trying.after("→ Nhanh.vn: đơn ").starts_with("DH00001 đã có ở Nhanh.vn"));
    let orders = browser.open(&format!("{nhanh}/orders?q=DH00001")).await;
    assert!(orders.text.contains("-DH00001") && orders.text.contains("Trần Thị Bưởi 1"), "{}", orders.text);

    assert_eq!(trying.stop(), "stopped; nothing is lost");
    refuses(&["try", "--dir", dir.to_str().unwrap(), "--port", "0", "--nhanh-port", "0"], 2, "--dir");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulated_nhanh_runs_alone_names_its_app_and_ends_when_it_is_told_to() {
    let mut sim = Running::start(&["sim", "--port", "0", "--redirect-url", "http://127.0.0.1:9999/landing"]);
    let listening = sim.after("listening on ");
    let page = sim.after("(page) ");
    let (app, secret) = (sim.after("App ID "), sim.after("Secret key "));
    sim.after("Ctrl-C");
    assert!(page.starts_with(&listening) && listening.starts_with("http://127.0.0.1:"), "{listening} {page}");
    let shown = Browser::new().open(&page).await;
    assert!(shown.text.contains(&app) && shown.text.contains(&secret) && shown.text.contains("127.0.0.1:9999/landing"), "{}", shown.text);
    let port = listening.rsplit(':').next().unwrap().to_owned();
    refuses(&["sim", "--port", &port], 2, "--port");
    assert_eq!(sim.stop(), "stopped");
}
