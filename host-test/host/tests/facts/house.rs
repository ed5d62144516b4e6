//! A store in a folder of its own, a clock that a test turns, a connected connection, and the other side.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use connector_host::clock::{Clock, Instant};
use connector_host::contract::catalog::Change;
use connector_host::contract::types::{Account, Entity};
use connector_host::contract::{Page, Policy, Scope};
use connector_host::nobi::{Policies, Tally};
use connector_host::outbound::{Outbound, OutboundConfig, Overrides};
use connector_host::sandbox::{Sandbox, SandboxConfig};
use connector_host::secret::{Secret, Secrets};
use connector_host::store::{
    Again, AppliedPage, Changes, Claim, Connection, Grant, Ingest, Ingested, Lease, NewConnection, Sealer, Settled, Settlement,
    SqliteStore, Store, StoreError, Trigger, Turn, Work,
};
use connector_host::work::{Host, HostConfig};

use crate::guest::Guest;
use crate::make::{self, NOW};

/// What a delivery to the connection proves itself with.
pub(crate) const VERIFY: &str = "verify-0123456789";
/// The longest that a refresh waits for others.
pub(crate) const REFRESH_MOST: Duration = Duration::from_secs(900);
/// What the grant gave.
pub(crate) const TOKEN: &str = "token-abcdef0123456789";

pub(crate) struct House {
    folder: tempfile::TempDir,
    pub(crate) store: Arc<dyn Store>,
    /// The leases of the one worker that the house itself is.
    holds: Mutex<Vec<Lease>>,
    pub(crate) clock: Clock,
    pub(crate) far: Far,
}

pub(crate) fn sealer(byte: &str) -> Sealer {
    Sealer::from_hex(&byte.repeat(32)).unwrap()
}

pub(crate) fn secrets(pairs: &[(&str, &str)]) -> Secrets {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::new((*value).to_owned()))).collect()
}

/// Opens a file as the host does.
pub(crate) fn open(file: &std::path::Path, sealer: Sealer) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(SqliteStore::open_alone(file, sealer)?))
}

impl House {
    pub(crate) async fn new() -> House {
        House::beside(Far::quiet().await)
    }

    pub(crate) fn beside(far: Far) -> House {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder.path().join("host.sqlite"), sealer("ab")).unwrap();
        House { folder, store, clock: Clock::manual(NOW), far, holds: Mutex::default() }
    }

    /// A house whose disk can be full.
    pub(crate) async fn on_a_disk() -> (House, SqliteStore) {
        let folder = tempfile::tempdir().unwrap();
        let disk = SqliteStore::open_alone(&folder.path().join("host.sqlite"), sealer("ab")).unwrap();
        let house =
            House { folder, store: Arc::new(disk.clone()), clock: Clock::manual(NOW), far: Far::quiet().await, holds: Mutex::default() };
        (house, disk)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("host.sqlite")
    }

    /// What a process finds that starts after this one was killed: the same file, nothing of the memory.
    pub(crate) fn after_a_crash(self) -> House {
        let store = open(&self.file(), sealer("ab")).unwrap();
        House { store, holds: Mutex::default(), ..self }
    }

    /// Takes work as the house's one worker.
    pub(crate) async fn claim(&self, now: Instant, only_live: bool) -> Option<Work> {
        let holds = self.holds.lock().unwrap().clone();
        let claim = Claim { holder: "house".to_owned(), holds, now, until: now + 30_000, only_live };
        let Turn { lease, work } = self.store.claim(claim).await.unwrap()?;
        let mut holds = self.holds.lock().unwrap();
        holds.retain(|held| held.connection != lease.connection);
        holds.push(lease);
        Some(work)
    }

    pub(crate) fn lease_of(&self, work: &Work) -> Lease {
        *self.holds.lock().unwrap().iter().find(|lease| lease.connection == work.connection).unwrap()
    }

    /// The house's worker has done it.
    pub(crate) async fn complete(&self, work: &Work) {
        self.store.complete(self.lease_of(work), work.id).await.unwrap();
    }

    /// The house's worker has to try it again.
    pub(crate) async fn again(&self, work: &Work, due: Instant) {
        let again = Again { due, waited: Some(Duration::from_secs(1)) };
        self.store.again(self.lease_of(work), work.id, again).await.unwrap();
    }

    /// When the house's worker has something to do.
    pub(crate) async fn next_due(&self) -> Option<Instant> {
        let holds = self.holds.lock().unwrap().clone();
        self.store.next_due(&holds).await.unwrap()
    }

    /// A draft of this tenant.
    pub(crate) async fn draft(&self, tenant: &str) -> Connection {
        let overrides = Overrides { origins: [("far".to_owned(), self.far.origin.clone())].into(), ..Overrides::default() };
        let new = NewConnection { tenant: tenant.to_owned(), connector: "scripted".to_owned(), overrides };
        self.store.create_connection(new, NOW).await.unwrap()
    }

    /// A connection of this tenant with a token for its webhooks and a grant.
    pub(crate) async fn connected(&self, tenant: &str) -> Connection {
        let draft = self.draft(tenant).await;
        self.saves(&draft, &[("app-id", "app")], secrets(&[("verify-token", VERIFY)])).await;
        let draft = self.store.connection(draft.id).await.unwrap();
        self.grants(&draft, &format!("business-{}", draft.id), secrets(&[("access-token", TOKEN)])).await.unwrap()
    }

    /// Keeps these fields of the form; the others stay.
    pub(crate) async fn saves(&self, connection: &Connection, settings: &[(&str, &str)], secrets: Secrets) {
        let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))).collect();
        self.store.save_form(connection.footing(), "app-id", Changes { settings, secrets }, NOW).await.unwrap();
    }

    /// A login of this business, begun with the connection as it stands here, that changes nothing beside the grant.
    pub(crate) async fn grants(&self, connection: &Connection, business: &str, captured: Secrets) -> Result<Connection, StoreError> {
        self.grants_of(connection, make::account(business), captured).await
    }

    /// The same for an account that the test describes.
    pub(crate) async fn grants_of(&self, connection: &Connection, account: Account, captured: Secrets) -> Result<Connection, StoreError> {
        let grant = Grant {
            footing: connection.footing(),
            settings: connection.settings.clone(),
            account,
            captured,
            changes: Changes::default(),
            app_field: "app-id".to_owned(),
            moved: None,
            told: None,
        };
        self.store.grant(grant, self.clock.now()).await
    }

    /// Ends an event as done, with the order's id at the other side where there is one.
    pub(crate) async fn settles(&self, connection: &Connection, row: i64, remote: Option<&str>) -> Result<(), StoreError> {
        let (footing, remote) = (connection.footing(), remote.map(str::to_owned));
        self.store.settle(Settlement { footing, row, settled: Settled::Done, remote, outcome: serde_json::json!({}), at: NOW }).await
    }

    pub(crate) async fn host(&self, guest: &Guest) -> Arc<Host> {
        self.host_with(guest, HostConfig::default()).await
    }

    pub(crate) async fn host_with(&self, guest: &Guest, config: HostConfig) -> Arc<Host> {
        let connector = sandbox().admit(&guest.component()).await.unwrap();
        let outbound = Outbound::new(OutboundConfig::default(), self.clock.clone()).unwrap();
        Host::new(self.store.clone(), outbound, vec![connector], self.clock.clone(), config)
    }

    /// Looks into the file past the store, as another program would.
    pub(crate) fn raw(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).unwrap()
    }

    /// The one value that this query finds.
    pub(crate) fn see<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        self.raw().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Applies a last page of a pull of this entity that a person set off.
    pub(crate) async fn click(&self, connection: &Connection, entity: Entity, policies: &Policies, changes: Vec<Change>) -> Tally {
        self.pull(connection, entity, Trigger::Click, policies, make::page(changes)).await.tally
    }

    pub(crate) async fn pull(
        &self,
        connection: &Connection,
        entity: Entity,
        trigger: Trigger,
        policies: &Policies,
        page: Page,
    ) -> AppliedPage {
        let scope = if trigger == Trigger::Live { Scope::Only(Vec::new()) } else { Scope::Everything };
        let run = self.store.begin_run(connection.id, entity, scope, trigger, self.clock.now()).await.unwrap();
        let run = run.expect("no other run is under way");
        self.store.apply_page(run, connection.footing(), page, policies.clone(), self.clock.now()).await.unwrap()
    }

    /// Takes in a delivery whose canonical form hashes to this.
    pub(crate) async fn deliver(
        &self,
        connection: &Connection,
        hash: u8,
        policies: &Policies,
        accepted: connector_host::contract::Accepted,
    ) -> Ingested {
        let received = self.clock.now();
        let flows = policies.clone();
        self.store
            .ingest(Ingest {
                connection: connection.id,
                received,
                hash: [hash; 32],
                accepted,
                flows,
                kept: None,
                refresh_most: REFRESH_MOST,
            })
            .await
            .unwrap()
    }
}

/// Every flow with this policy.
pub(crate) fn all(policy: Policy) -> Policies {
    let mut policies = Policies::default();
    for flow in make::descriptor().flows {
        policies.set(flow.entity, policy);
    }
    policies
}

/// The sandbox that all tests share.
pub(crate) fn sandbox() -> &'static Arc<Sandbox> {
    static SANDBOX: OnceLock<Arc<Sandbox>> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::new(SandboxConfig::with_slots(8)).unwrap())
}

type Answers = dyn Fn(&str) -> String + Send + Sync;

/// The other side: answers 200 with what the test says, and remembers what was asked.
pub(crate) struct Far {
    pub(crate) origin: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// One request as it came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) path: String,
    /// What proves who asks.
    pub(crate) authorization: Option<String>,
    pub(crate) body: String,
}

#[derive(Clone)]
struct Side {
    seen: Arc<Mutex<Vec<Seen>>>,
    answers: Arc<Answers>,
}

impl Far {
    pub(crate) async fn quiet() -> Far {
        Far::answering(|_| "{}".to_owned()).await
    }

    /// `answers`: from the path to the body. Runs while the request is under way.
    pub(crate) async fn answering(answers: impl Fn(&str) -> String + Send + Sync + 'static) -> Far {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let side = Side { seen: seen.clone(), answers: Arc::new(answers) };
        let routes = Router::new().fallback(answer).with_state(side);
        Far { origin: serve(routes).await, seen }
    }

    /// The paths that were asked for, in their order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.path).collect()
    }

    /// The requests, in their order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer(State(side): State<Side>, uri: Uri, headers: HeaderMap, body: String) -> String {
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    side.seen.lock().unwrap().push(Seen { path: uri.path().to_owned(), authorization, body });
    (side.answers)(uri.path())
}

/// Serves these routes on a port of this machine: their origin.
pub(crate) async fn serve(routes: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    origin
}
