//! An empty host with its page, a simulated Nhanh.vn, and a runner that works while the browser looks.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use connector_host::clock::Clock;
use connector_host::outbound::{Outbound, OutboundConfig, Overrides};
use connector_host::sandbox::{Connector, Sandbox, SandboxConfig};
use connector_host::store::{Sealer, SqliteStore};
use connector_host::web::page::add_operator;
use connector_host::web::{PageConfig, PublicAddress, router_with_page};
use connector_host::work::{Host, HostConfig, Stop};
use nhanh_sim::{Settings, ShopSize, Simulator};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinHandle;

/// The password of both operators.
pub(crate) const PASSWORD: &str = "hoa sen trong đầm";

/// A host that nobody has connected anything to.
pub(crate) struct Stage {
    pub(crate) host: Arc<Host>,
    pub(crate) nhanh: Simulator,
    pub(crate) origin: String,
    serving: JoinHandle<()>,
    stop: watch::Sender<bool>,
    _folder: TempDir,
}

static COMPILED: OnceCell<Connector> = OnceCell::const_new();

impl Stage {
    pub(crate) async fn set(token_life: Duration) -> Result<Stage> {
        let nhanh = Simulator::start(Settings {
            shop: ShopSize::small(),
            pace: nhanh_sim::Pace::unlimited(),
            retry_after: [Duration::from_millis(50); 3],
            token_life,
            ..Settings::default()
        })
        .await?;
        let folder = TempDir::new()?;
        let store = SqliteStore::open(&folder.path().join("host.sqlite"), Sealer::from_file(&folder.path().join("host.key"))?)?;
        let clock = Clock::system();
        let outbound = Outbound::new(OutboundConfig::default(), clock.clone())?;
        let compiled = COMPILED
            .get_or_try_init(|| async { anyhow::Ok(Sandbox::new(SandboxConfig::default())?.admit(connector_component::BYTES).await?) });
        let host = Host::new(Arc::new(store), outbound, vec![compiled.await?.clone()], clock, HostConfig::default());
        for (name, tenant) in [("lan", "hoa-sen"), ("mai", "hoa-cuc")] {
            add_operator(&host, name, tenant, PASSWORD).await?;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let origins = [("api".to_owned(), nhanh.origin()), ("login".to_owned(), nhanh.origin())].into();
        let config = PageConfig { overrides: Overrides { origins, ..Overrides::default() }, ..PageConfig::default() };
        let app = router_with_page(host.clone(), PublicAddress::new(&origin), config);
        let serving = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        let (stop, told) = watch::channel(false);
        tokio::spawn({
            let host = host.clone();
            async move { drop(host.work(Stop::Told(told)).await) }
        });
        Ok(Stage { host, nhanh, origin, serving, stop, _folder: folder })
    }

    /// The app that the form of the first connection names.
    pub(crate) async fn app(&self) -> Result<i64> {
        let connection = self.host.store().connection(1).await?;
        Ok(connection.settings.get("app-id").context("no app yet")?.parse()?)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.serving.abort();
    }
}
