//! A whole system in one process: a simulated Nhanh.vn and a host over real sockets, the compiled component, a real SQLite file, and merchants
//! who connect the two as the guide says. Never reaches into the component: what is known of it is what the contract says.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::http::StatusCode;
use connector_host::clock::Clock;
use connector_host::contract::Scope;
use connector_host::contract::types::Entity;
use connector_host::nobi::Tally;
use connector_host::outbound::{Outbound, Overrides};
use connector_host::sandbox::{Connector, Sandbox, SandboxConfig, Witness};
use connector_host::store::{Before, Connection, NewConnection, Notice, Restored, Run, Sealer, SqliteStore, Trigger, backup, restore};
use connector_host::web::{PublicAddress, router};
use connector_host::work::{Form, Host, Stop};
use nhanh_sim::{App, AppForm, Event, EventKind, Fault, Grant, Planned, SaveError, Settings, Simulator, WebhookForm};
use reqwest::redirect::Policy as Redirects;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::OnceCell;

use crate::delivery::Delivery;
use crate::dialect::{Call, Dialect, prefix};
use crate::edge::Edge;
use crate::mirror::Mirror;
use crate::plan::{Plan, VERIFY_TOKEN};

/// When a world with a clock of its own begins: 2026-03-02 09:00 in Hanoi.
pub const MORNING: i64 = 1_772_416_800_000;
/// How far a world whose clock leaps goes on to work that is due later.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// One merchant's connection.
#[derive(Clone, Debug)]
pub struct Side {
    /// Whose it is.
    pub tenant: String,
    /// The version of the API that it speaks.
    pub dialect: Dialect,
    /// The business at Nhanh.vn.
    pub business: i64,
    /// The app at open.nhanh.vn.
    pub app: App,
    /// The connection's row id.
    pub connection: i64,
    /// First part of every own id.
    pub tag: String,
    /// Where its webhooks go.
    pub callback: String,
    /// The code that the login came back with.
    pub code: String,
}

/// All that is on stage.
pub struct World {
    /// The host.
    pub host: Arc<Host>,
    /// Nhanh.vn.
    pub nhanh: Simulator,
    /// The time, for both of them.
    pub clock: Clock,
    /// The first merchant.
    pub side: Side,
    /// The host's file.
    pub database: PathBuf,
    /// Where the host is reached.
    pub address: PublicAddress,
    /// Between the host and the simulator's API, if the plan says so.
    pub mirror: Option<Mirror>,
    client: reqwest::Client,
    plan: Plan,
    port: u16,
    edge: Option<Edge>,
    folder: TempDir,
}

static COMPILED: OnceCell<Connector> = OnceCell::const_new();

/// The compiled component: compiled once a process, unless somebody listens.
async fn component(witness: Option<Arc<dyn Witness>>) -> Result<Connector> {
    let config = SandboxConfig::default();
    match witness {
        Some(witness) => Ok(Sandbox::watched(config, witness)?.admit(connector_component::BYTES).await?),
        None => {
            let compiled =
                COMPILED.get_or_try_init(|| async { anyhow::Ok(Sandbox::new(config)?.admit(connector_component::BYTES).await?) });
            Ok(compiled.await?.clone())
        }
    }
}

fn key(folder: &TempDir) -> Result<Sealer> {
    Ok(Sealer::from_file(&folder.path().join("host.key"))?)
}

async fn open(plan: &Plan, folder: &TempDir, database: &Path, clock: &Clock) -> Result<Arc<Host>> {
    let store = SqliteStore::open_alone(database, key(folder)?)?;
    let outbound = Outbound::new(plan.outbound.clone(), clock.clone())?;
    Ok(Host::new(Arc::new(store), outbound, vec![component(plan.witness.clone()).await?], clock.clone(), plan.host.clone()))
}

impl World {
    /// Sets the stage; nobody is connected yet, and `side` names a draft.
    pub async fn drafted(plan: Plan) -> Result<World> {
        let clock = if plan.manual { Clock::manual(MORNING) } else { Clock::leaping() };
        let read = clock.clone();
        let nhanh = Simulator::start(Settings {
            shop: plan.shop,
            pace: plan.limit,
            retry_after: plan.retry_after,
            stock_batch: Duration::ZERO,
            now: nhanh_sim::Clock::new(move || read.now()),
            ..Settings::default()
        })
        .await?;
        nhanh.faults().switch(|switches| switches.shown_after = plan.shown_after);
        let folder = TempDir::new()?;
        let database = folder.path().join("host.sqlite");
        let host = open(&plan, &folder, &database, &clock).await?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let address = PublicAddress::new(&format!("http://127.0.0.1:{port}"));
        let edge = Some(Edge::open(listener, router(host.clone(), address.clone())));
        let client = reqwest::Client::builder().redirect(Redirects::none()).no_proxy().build()?;
        let app = nhanh.register_app(AppForm { name: "Nobi Pro".to_owned(), redirect_urls: vec![address.redirect_url()], webhooks: None });
        let nowhere = Side {
            tenant: "hoa-sen".to_owned(),
            dialect: plan.dialect,
            business: nhanh.business().id,
            app,
            connection: 0,
            tag: String::new(),
            callback: String::new(),
            code: String::new(),
        };
        let mirror = if plan.mirrored { Some(Mirror::before(&nhanh.origin()).await?) } else { None };
        let mut world = World { host, nhanh, clock, side: nowhere.clone(), database, address, mirror, client, plan, port, edge, folder };
        world.side = world.draft(nowhere).await?;
        Ok(world)
    }

    /// Sets the stage, and the merchant connects: form, webhooks with their probe, login.
    pub async fn connected(plan: Plan) -> Result<World> {
        let mut world = World::drafted(plan).await?;
        world.side = world.connect(world.side.clone()).await?;
        Ok(world)
    }

    /// The same, with branches and products pulled.
    pub async fn stocked(plan: Plan) -> Result<World> {
        let world = World::connected(plan).await?;
        world.pull(&[Entity::Branch, Entity::Product]).await?;
        Ok(world)
    }

    async fn draft(&self, side: Side) -> Result<Side> {
        let api = self.mirror.as_ref().map_or_else(|| self.nhanh.origin(), Mirror::origin);
        let origins = [("api".to_owned(), api), ("login".to_owned(), self.nhanh.origin())].into();
        let paces = self.plan.pace.into_iter().map(|pace| (prefix(side.dialect).to_owned(), pace)).collect();
        let connector = self.host.connector_ids().next().context("the host has no connector")?.to_owned();
        let new = NewConnection { tenant: side.tenant.clone(), connector, overrides: Overrides { origins, paces } };
        let draft = self.host.draft(new).await?;
        Ok(Side { connection: draft.id, tag: draft.tag, callback: self.address.webhook_url(&draft.hook), ..side })
    }

    /// Connects a draft as the guide says: the form, the app's webhooks with their probe, the login in a browser.
    pub async fn connect(&self, side: Side) -> Result<Side> {
        self.fill_in(&side, &[]).await?;
        if let Some(verify_token) = &self.plan.verify_token {
            self.save_webhooks(&side, verify_token, EventKind::all(side.dialect)).await?;
        }
        let code = self.log_in(&side, Grant::all(side.business)).await?;
        Ok(Side { code, ..side })
    }

    /// The merchant saves the webhook part of his app's form, which sends the probe.
    pub async fn save_webhooks(&self, side: &Side, verify_token: &str, events: &[EventKind]) -> Result<(), SaveError> {
        let (callback_url, verify_token) = (side.callback.clone(), verify_token.to_owned());
        let form = WebhookForm { version: side.dialect, callback_url, verify_token, events: events.to_vec() };
        self.nhanh.save_webhooks(side.app.app_id, form).await
    }

    /// Another merchant of the same Nhanh.vn, connected: another tenant or business, with an app of his own or a shared one.
    pub async fn join(&self, tenant: &str, business: i64, app: Option<App>) -> Result<Side> {
        let form = || AppForm { name: tenant.to_owned(), redirect_urls: vec![self.address.redirect_url()], webhooks: None };
        let app = app.unwrap_or_else(|| self.nhanh.register_app(form()));
        let side = Side { tenant: tenant.to_owned(), business, app, ..self.side.clone() };
        self.connect(self.draft(side).await?).await
    }

    /// Another merchant of the same business, with an app of his own, who speaks this version of the API.
    pub async fn join_in(&self, dialect: Dialect, tenant: &str) -> Result<Side> {
        let form = AppForm { name: tenant.to_owned(), redirect_urls: vec![self.address.redirect_url()], webhooks: None };
        let side = Side { tenant: tenant.to_owned(), dialect, app: self.nhanh.register_app(form), ..self.side.clone() };
        self.connect(self.draft(side).await?).await
    }

    /// The first merchant moves his connection to this version of the API: he logs in again with that one change.
    pub async fn move_to(&mut self, dialect: Dialect) -> Result<()> {
        let change = [("api-version".to_owned(), dialect.version().to_owned())].into();
        let start = self.host.begin_login_with(self.side.connection, &self.address.redirect_url(), change).await?;
        let landing = self.nhanh.log_in(&start.url, Grant::all(self.side.business)).await?;
        self.host.end_login(&start.state, &landing).await?;
        self.side.dialect = dialect;
        Ok(())
    }

    /// Keeps the form; `changes` go over the plan's values.
    pub async fn fill_in(&self, side: &Side, changes: &[(&str, &str)]) -> Result<Connection> {
        let mut form: Form = self.plan.form.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        form.insert("api-version".to_owned(), side.dialect.version().to_owned());
        form.insert("app-id".to_owned(), side.app.app_id.to_string());
        form.insert("client-secret".to_owned(), side.app.secret_key.clone());
        form.extend(self.plan.verify_token.iter().map(|token| ("verify-token".to_owned(), token.clone())));
        form.extend(changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        Ok(self.host.fill_in(side.connection, form).await?)
    }

    /// Logs in through the host's own pages, as a browser does. Returns the code that the way back carried.
    pub async fn log_in(&self, side: &Side, grant: Grant) -> Result<String> {
        let there = self.client.get(self.address.login_url(side.connection)).send().await?;
        let header = |name: &str| there.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (login, cookie) = (header("location").context("no way to the login")?, header("set-cookie").context("no cookie")?);
        let landing = self.nhanh.log_in(&login, grant).await?;
        let cookie = cookie.split(';').next().unwrap_or_default();
        let mut back = self.client.get(&landing).header("cookie", cookie).send().await?;
        // A first login is asked about.
        if back.headers().get("location").is_some_and(|to| to == "/landing/business") {
            let business = landing.split_once("/landing").map(|(origin, _)| format!("{origin}/landing/business"));
            let business = self.client.post(business.context("no way back")?).header("cookie", cookie);
            let form = business.header("content-type", "application/x-www-form-urlencoded").body("answer=yes");
            back = form.send().await?;
        }
        let status = back.status();
        ensure!(status.is_success(), "the landing page answers {status}: {}", back.text().await?);
        Ok(landing.split_once("accessCode=").map(|(_, code)| code.to_owned()).unwrap_or_default())
    }

    /// The connection as it stands.
    pub async fn connection(&self) -> Result<Connection> {
        Ok(self.host.store().connection(self.side.connection).await?)
    }

    /// Works until nothing is due: at once on a manual clock, within some minutes on one that leaps over them.
    pub async fn work(&self) -> Result<()> {
        let within = if self.plan.manual { Duration::ZERO } else { PATIENCE };
        Ok(self.host.work(Stop::Idle(within)).await?)
    }

    /// Moves a manual clock, and works.
    pub async fn later(&self, by: Duration) -> Result<()> {
        self.clock.advance(by);
        self.work().await
    }

    /// Presses the button of these streams and waits for the end. What became of the records, added up.
    pub async fn pull(&self, entities: &[Entity]) -> Result<Tally> {
        self.pull_of(&self.side, entities).await
    }

    /// The same for another merchant.
    pub async fn pull_of(&self, side: &Side, entities: &[Entity]) -> Result<Tally> {
        let mut tally = Tally::default();
        for entity in entities {
            let run = self.click(side, *entity).await?;
            self.work().await?;
            tally.add(&self.host.store().run(run).await?.tally);
        }
        Ok(tally)
    }

    /// Presses the button of a stream; nothing is sent before the host works.
    pub async fn click(&self, side: &Side, entity: Entity) -> Result<i64> {
        let run = self.host.sync(side.connection, entity, Scope::Everything, Trigger::Click).await?;
        run.with_context(|| format!("a pull of {entity:?} is under way already"))
    }

    /// A run as it stands.
    pub async fn run(&self, run: i64) -> Result<Run> {
        Ok(self.host.store().run(run).await?)
    }

    /// What people are shown of the connection.
    pub async fn notices(&self) -> Result<Vec<Notice>> {
        Ok(self.host.store().notices(self.side.connection).await?)
    }

    /// How often a notice with this code came.
    pub async fn noticed(&self, code: &str) -> Result<u32> {
        Ok(self.notices().await?.iter().filter(|notice| notice.code == code).map(|notice| notice.times).sum())
    }

    /// What a webhook of this event would say now, proven by the verify token. Fails where what the event speaks of is not there.
    pub fn delivery(&self, business: i64, event: &Event) -> Result<Delivery> {
        let token = self.plan.verify_token.as_deref().unwrap_or(VERIFY_TOKEN);
        let body = self.nhanh.webhook_body_in(self.side.dialect, business, event, token);
        Ok(Delivery::new(self.side.dialect, body.context("there is nothing to tell of")?, token))
    }

    /// Posts a delivery to the first merchant's callback address. What it was answered.
    pub async fn post(&self, delivery: &Delivery) -> Result<u16> {
        self.post_to(&self.side.callback, delivery).await
    }

    /// Posts a delivery to a callback address.
    pub async fn post_to(&self, callback: &str, delivery: &Delivery) -> Result<u16> {
        self.post_bytes(callback, delivery.authorization(), delivery.bytes()).await
    }

    /// Posts bytes to a callback address, with this `Authorization` header.
    pub async fn post_bytes(&self, callback: &str, authorization: Option<String>, body: Vec<u8>) -> Result<u16> {
        let mut request = self.client.post(callback).header("content-type", "application/json").body(body);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        Ok(request.send().await?.status().as_u16())
    }

    /// The number to sell by that Nobi shows, in thousandths.
    pub async fn shown(&self, product: i64, depot: i64) -> Result<Option<i64>> {
        let levels = self.host.store().levels(self.side.connection).await?;
        let (product, branch) = (product.to_string(), depot.to_string());
        Ok(levels.into_iter().find(|level| level.product == product && level.branch == branch).map(|level| level.available))
    }

    /// Where the first merchant's dialect has a call.
    pub fn path(&self, call: Call) -> &'static str {
        call.path(self.side.dialect)
    }

    /// Something goes wrong with the next such request of the first merchant's dialect.
    pub fn next(&self, call: Call, fault: Fault) -> Planned<'_> {
        self.nhanh.faults().next(self.path(call), fault)
    }

    /// How many such requests Nhanh.vn has seen in the first merchant's dialect.
    pub fn asked(&self, call: Call) -> usize {
        self.asked_at(self.path(call))
    }

    /// How many requests of a path Nhanh.vn has seen.
    pub fn asked_at(&self, path: &str) -> usize {
        self.nhanh.requests().iter().filter(|request| request.path == path).count()
    }

    /// Looks into the host's file.
    pub fn sql(&self) -> Result<rusqlite::Connection> {
        Ok(rusqlite::Connection::open_with_flags(&self.database, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?)
    }

    /// The number that a query answers with.
    pub fn count(&self, query: &str) -> Result<i64> {
        Ok(self.sql()?.query_row(query, [], |row| row.get(0))?)
    }

    /// Another one answers at the host's address from now on.
    async fn answer_by(&mut self, app: Router) -> Result<()> {
        self.shut_edge().await;
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await?;
        self.edge = Some(Edge::open(listener, app));
        Ok(())
    }

    /// Stops answering webhooks and logins, as a host that is down.
    pub async fn shut_edge(&mut self) {
        if let Some(edge) = self.edge.take() {
            edge.shut().await;
        }
    }

    /// Answers every webhook with this status until the host is started again.
    pub async fn stand_in(&mut self, status: u16) -> Result<()> {
        let status = StatusCode::from_u16(status)?;
        self.answer_by(Router::new().fallback(move || async move { status })).await
    }

    /// Copies the host's file while the host is at work.
    pub fn back_up(&self) -> Result<PathBuf> {
        let copy = self.folder.path().join(format!("copy-{}.sqlite", self.clock.now()));
        backup(&self.database, &copy, self.clock.now())?;
        Ok(copy)
    }

    /// Ends the host and starts another one on what this copy holds.
    pub async fn restore(&mut self, copy: &Path) -> Result<Restored> {
        let database = self.folder.path().join(format!("restored-{}.sqlite", self.clock.now()));
        let restored = restore(copy, &database, &key(&self.folder)?, Before::Refuse, self.clock.now())?;
        self.database = database;
        self.restart().await?;
        Ok(restored)
    }

    /// Ends the host where it is and starts another one on the same file, as after a crash.
    pub async fn restart(&mut self) -> Result<()> {
        self.shut_edge().await;
        self.host = open(&self.plan, &self.folder, &self.database, &self.clock).await?;
        let app = router(self.host.clone(), self.address.clone());
        self.answer_by(app).await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(edge) = &self.edge {
            edge.abort();
        }
    }
}

/// Waits until something holds that nobody tells of, such as what the simulator has in its books. Gives up after ten seconds.
pub async fn until(what: &str, holds: impl Fn() -> bool) -> Result<()> {
    for _ in 0..2_000 {
        if holds() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    anyhow::bail!("it never came to: {what}")
}
