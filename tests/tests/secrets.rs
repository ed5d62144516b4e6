//! No secret leaves the host's hands: after a full life of a connection, every byte that was lowered into a guest, every log line, every error
//! and notice, and the host's files are searched for the token, the client secret, the login code and the verify token, in every spelling
//! that a server or a library could give them. The search is first shown to find what is there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use acceptance::dialect::Call::OrderAdd;
use acceptance::dialect::{Dialect, V3};
use acceptance::orders::make;
use acceptance::plan::Plan;
use acceptance::witness::Recorder;
use acceptance::world::World;
use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use connector_host::contract::types::Entity;
use nhanh_sim::{Event, EventKind, Fault, Grant, Quantity};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

/// Letters and digits, as Nhanh.vn asks for, and signs that every encoding spells otherwise.
const VERIFY_TOKEN: &str = "xac-nhan/2026+hoa=sen \"&<mo>";

/// Something to search, and what it is.
type Haystack = (String, Vec<u8>);

/// A secret's name and its spellings.
struct Needle {
    name: &'static str,
    spellings: Vec<(&'static str, Vec<u8>)>,
}

impl Needle {
    fn new(name: &'static str, secret: &str) -> Needle {
        assert!(secret.len() >= 16, "{name} is a secret of some length");
        let json = serde_json::to_string(secret).unwrap();
        let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let mut spellings = vec![
            ("raw", secret.as_bytes().to_vec()),
            ("JSON", json.trim_matches('"').as_bytes().to_vec()),
            ("JSON with escaped slashes", json.trim_matches('"').replace('/', "\\/").into_bytes()),
            ("URL", percent.clone().into_bytes()),
            ("form", percent.replace("%20", "+").into_bytes()),
            ("HTML", html.into_bytes()),
            ("hexadecimal", hex(secret).into_bytes()),
            ("hexadecimal in capitals", hex(secret).to_uppercase().into_bytes()),
        ];
        for shift in 0..3 {
            // What stands before and after it in the text is not known: the letters that it shares with them are left out.
            let whole = [&b"\0\0"[..shift], secret.as_bytes()].concat();
            let inner = |text: String| text.as_bytes()[if shift == 0 { 0 } else { 4 }..text.len() / 4 * 4 - 4].to_vec();
            spellings.push(("base64", inner(STANDARD_NO_PAD.encode(&whole))));
            spellings.push(("base64 for URLs", inner(URL_SAFE_NO_PAD.encode(&whole))));
        }
        Needle { name, spellings }
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Which secret stands where, in which spelling.
fn found(needles: &[Needle], haystacks: &[Haystack]) -> Vec<String> {
    let mut found = Vec::new();
    for (place, bytes) in haystacks {
        for needle in needles {
            for (spelling, secret) in &needle.spellings {
                if bytes.windows(secret.len()).any(|window| window[0] == secret[0] && window == secret.as_slice()) {
                    found.push(format!("{} in {place}, {spelling}", needle.name));
                }
            }
        }
    }
    found
}

/// Everything that is logged in this process.
fn logged() -> &'static Mutex<Vec<u8>> {
    static LOGGED: OnceLock<Mutex<Vec<u8>>> = OnceLock::new();
    LOGGED.get_or_init(Mutex::default)
}

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        logged().lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What guests were given, what was logged, and the host's files as they are on the disk.
fn outside(world: &World, witness: &Recorder) -> Result<Vec<Haystack>> {
    let heard = witness.heard();
    let mut all: Vec<Haystack> = heard.into_iter().map(|(function, bytes)| (format!("a guest's {function}"), bytes)).collect();
    all.push(("the log".to_owned(), logged().lock().unwrap().clone()));
    for entry in std::fs::read_dir(world.database.parent().unwrap())? {
        let path = entry?.path();
        all.push((path.file_name().unwrap().display().to_string(), std::fs::read(&path)?));
    }
    Ok(all)
}

/// A host that has lived a full life. The errors that were shown to people on the way.
async fn life(world: &mut World, told: &mut Vec<Haystack>) -> Result<()> {
    let business = world.side.business;
    // Pulls, an order whose answer is lost, and one that is refused.
    world.pull(&[Entity::Branch, Entity::Category, Entity::Product, Entity::Customer]).await?;
    world.next(OrderAdd, Fault::AnswerLostAfterEffect);
    make(world, "lost").await?;
    world.work().await?;
    world.later(Duration::from_secs(60)).await?;
    // Deliveries: right, in another spelling, forged, unreadable, and a probe with a slip.
    let product: i64 = world.host.store().sellable(world.side.connection, 1).await?[0].remote.parse()?;
    world.nhanh.set_stock(product, world.nhanh.business().depots[0], Quantity::units(3));
    world.nhanh.webhooks_idle().await;
    let mut update = world.delivery(business, &Event::ProductUpdate(product))?;
    update.body["data"]["name"] = json!(format!("a shop that writes {VERIFY_TOKEN} into a name"));
    assert_eq!(world.post(&update).await?, 200);
    assert_eq!(world.post(&update.proven_by(format!("{VERIFY_TOKEN}-and-more-2026"))).await?, 401);
    let unreadable = format!("{{\"webhooksVerifyToken\": {VERIFY_TOKEN}").into_bytes();
    assert_eq!(world.post_bytes(&world.side.callback, None, unreadable.clone()).await?, 401);
    let right = (world.side.dialect == V3).then(|| VERIFY_TOKEN.to_owned());
    let status = world.post_bytes(&world.side.callback, right, unreadable).await?;
    assert_eq!(status, if world.side.dialect == V3 { 200 } else { 401 });
    // The token expires, and the merchant logs in again.
    assert_eq!(world.nhanh.expire_token(world.side.app.app_id, business), 1);
    world.pull(&[Entity::Product]).await?;
    world.side.code = world.log_in(&world.side, Grant::all(business)).await?;
    world.work().await?;
    // A server that says in its error what it was sent, in every spelling.
    world.mirror.as_ref().unwrap().rewrite(|asked, _| {
        let text = String::from_utf8_lossy(&asked.body).into_owned();
        let fields: Vec<String> = url_decoded(&text);
        let encoded = [&asked.body, asked.authorization.as_deref().unwrap_or_default().as_bytes()]
            .map(|it| (STANDARD.encode(it), URL_SAFE_NO_PAD.encode(it)));
        let bytes = [hex(&fields.join(" ")), hex(asked.authorization.as_deref().unwrap_or_default())];
        let capitals = bytes.each_ref().map(|it| it.to_uppercase());
        let echo = json!([text, encoded, bytes, capitals, fields.join(" "), asked.authorization]);
        json!({ "code": 0, "messages": echo, "debug": { "request": fields, "authorization": asked.authorization } })
            .to_string()
            .into_bytes()
    });
    world.pull(&[Entity::Branch, Entity::Product, Entity::Stock]).await?;
    make(world, "echoed").await?;
    world.later(Duration::from_secs(60)).await?;
    let refused = world.log_in(&world.side, Grant::all(business)).await.expect_err("an exchange that is refused");
    told.push(("a login's error".to_owned(), format!("{refused:#} {refused:?}").into_bytes()));
    world.mirror.as_ref().unwrap().clear();
    Ok(())
}

fn url_decoded(form: &str) -> Vec<String> {
    let decode = |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    form.split('&').filter_map(|pair| pair.split_once('=')).map(|(_, value)| decode(value)).collect()
}

#[test]
fn the_search_finds_a_secret_in_every_spelling() {
    let needles = [Needle::new("verify-token", VERIFY_TOKEN)];
    let percent = utf8_percent_encode(VERIFY_TOKEN, NON_ALPHANUMERIC);
    let planted = [
        ("raw", format!("so {VERIFY_TOKEN} it is")),
        ("JSON", json!({ "echo": VERIFY_TOKEN }).to_string()),
        ("URL", format!("?token={percent}&x=1")),
        ("hexadecimal", hex(&format!("x{VERIFY_TOKEN}y"))),
        ("hexadecimal in capitals", hex(&format!("x{VERIFY_TOKEN}y")).to_uppercase()),
        ("base64", STANDARD.encode(format!("{{\"a\":\"{VERIFY_TOKEN}\"}}"))),
        ("base64", STANDARD.encode(format!("x{VERIFY_TOKEN}yz"))),
        ("base64", STANDARD.encode(format!("xy{VERIFY_TOKEN}z"))),
        ("base64 for URLs", URL_SAFE_NO_PAD.encode(format!("??>>{VERIFY_TOKEN}??>>"))),
    ];
    for (spelling, text) in planted {
        let found = found(&needles, &[("a text".to_owned(), text.clone().into_bytes())]);
        assert!(found.iter().any(|line| line.ends_with(spelling)), "{spelling}: {text}: {found:?}");
    }
    assert!(found(&needles, &[("a text".to_owned(), b"nothing to see".to_vec())]).is_empty());
}

async fn no_secret_reaches_a_guest_a_log_a_person_or_the_disk(dialect: Dialect) -> Result<()> {
    let log = tracing_subscriber::fmt().with_env_filter("trace").with_writer(|| Log).with_ansi(false).finish();
    // Once a process: the same fact in the other dialect may have come first.
    drop(tracing_subscriber::util::SubscriberInitExt::try_init(log));
    let witness = Arc::new(Recorder::default());
    let plan = Plan {
        mirrored: true,
        verify_token: Some(VERIFY_TOKEN.to_owned()),
        witness: Some(witness.clone()),
        ..Plan::on_a_manual_clock(dialect)
    };
    let mut world = World::connected(plan).await?;
    let mut told: Vec<Haystack> = Vec::new();
    let first_code = world.side.code.clone();
    let first = world.host.store().secrets(world.side.connection).await?;
    let slip = world.save_webhooks(&world.side, "slipped-token-20266", &[EventKind::OrderAdd]).await;
    told.push(("the simulator's error".to_owned(), format!("{slip:?}").into_bytes()));
    life(&mut world, &mut told).await?;

    let second = world.host.store().secrets(world.side.connection).await?;
    let secret = |secrets: &connector_host::secret::Secrets, name: &str| secrets.get(name).unwrap().expose().to_owned();
    assert_ne!(secret(&first, "access-token"), secret(&second, "access-token"), "the second login brought another token");
    let needles = [
        Needle::new("first access-token", &secret(&first, "access-token")),
        Needle::new("access-token", &secret(&second, "access-token")),
        Needle::new("client-secret", &secret(&second, "client-secret")),
        Needle::new("verify-token", &secret(&second, "verify-token")),
        Needle::new("first grant-code", &first_code),
        Needle::new("grant-code", &world.side.code),
    ];
    for notice in world.notices().await? {
        told.push((format!("the notice {}", notice.code), format!("{} {}", notice.vi, notice.en).into_bytes()));
    }
    for run in world.host.store().runs(world.side.connection, 100).await? {
        told.push((format!("run {}", run.id), serde_json::to_vec(&run)?));
    }
    for order in ["order-lost", "order-echoed"] {
        let outcomes = world.host.store().order_outcomes(world.side.connection, order).await?;
        assert!(!outcomes.is_empty());
        told.push((order.to_owned(), format!("{outcomes:?} {}", serde_json::to_string(&outcomes)?).into_bytes()));
    }
    told.push(("the connection".to_owned(), format!("{:?}", world.connection().await?).into_bytes()));

    let places = outside(&world, &witness)?;
    let heard = |part: &str| places.iter().filter(|(place, _)| place.contains(part)).map(|(_, bytes)| bytes.len()).sum::<usize>();
    for part in
        ["redeem", "build-sync-request", "read-sync-response", "push-order", "handle-webhook", "http.send", "the log", "host.sqlite"]
    {
        assert!(heard(part) > 0, "{part}: was it listened to?");
    }
    let blanked = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("‹access-token›");
    assert!(places.iter().any(|(_, bytes)| blanked(bytes)), "the echo reached the host, and was blanked");
    assert_eq!(found(&needles, &told), [""; 0]);
    assert_eq!(found(&needles, &places), [""; 0]);

    // The same search finds what is planted: a setting is lowered into guests and kept in clear.
    let token = secret(&second, "access-token");
    world.fill_in(&world.side, &[("default-branch-representative", &token)]).await?;
    world.pull(&[Entity::Branch]).await?;
    let planted = found(&needles, &outside(&world, &witness)?);
    assert!(planted.iter().any(|line| line.contains("a guest's build-sync-request")), "{planted:?}");
    assert!(planted.iter().any(|line| line.contains("host.sqlite")), "{planted:?}");
    Ok(())
}

acceptance::in_each_version!(no_secret_reaches_a_guest_a_log_a_person_or_the_disk,);
