//! An empty host with its page, a simulated Nhanh.vn, and a runner that works while the browser looks.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use connector_host::clock::{Clock, Instant};
use connector_host::contract::orders::{Address, AddressScheme, Fulfilment, Lock, Order, OrderEvent, OrderEventKind, OrderLine, Person};
use connector_host::outbound::{Outbound, OutboundConfig, Overrides};
use connector_host::sandbox::{Connector, Sandbox, SandboxConfig};
use connector_host::store::{Sealer, SqliteStore};
use connector_host::web::page::add_operator;
use connector_host::web::{PageConfig, PublicAddress, router_with_page};
use connector_host::work::{Host, HostConfig, Stop};
use nhanh_sim::{Pace, Settings, ShopSize, Simulator};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinHandle;

/// The password of both operators.
pub(crate) const PASSWORD: &str = "hoa sen trong đầm";

/// How long Nhanh.vn keeps a path closed.
const LOCK: Duration = Duration::from_secs(2);

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
    pub(crate) async fn set() -> Result<Stage> {
        Stage::beside(Settings::default()).await
    }

    /// Beside a Nhanh.vn with these times.
    pub(crate) async fn beside(settings: Settings) -> Result<Stage> {
        let nhanh = Simulator::start(Settings {
            shop: ShopSize::small(),
            pace: Pace { first_lock: LOCK, ..Pace::unlimited() },
            retry_after: [Duration::from_millis(50); 3],
            ..settings
        })
        .await?;
        // A browser goes by the machine's clock: nobody waits a minute for an order to show.
        nhanh.faults().switch(|switches| switches.shown_after = Duration::ZERO);
        let folder = TempDir::new()?;
        let store = SqliteStore::open(&folder.path().join("host.sqlite"), Sealer::from_file(&folder.path().join("host.key"))?)?;
        let clock = Clock::system();
        let outbound = Outbound::new(OutboundConfig::default(), clock.clone())?;
        let compiled = COMPILED
            .get_or_try_init(|| async { anyhow::Ok(Sandbox::new(SandboxConfig::default())?.admit(connector_component::BYTES).await?) });
        let host = Host::new(Arc::new(store), outbound, vec![compiled.await?.clone()], clock, HostConfig::default());
        for (name, tenant) in [("lan", "hoa-sen"), ("mai", "hoa-cuc")] {
            add_operator(&**host.store(), name, tenant, PASSWORD, host.clock().now()).await?;
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

    /// Orders of the shop's with something in them that was never pulled: none of them can go out.
    pub(crate) async fn orders_that_cannot_go(&self, codes: &[&str]) -> Result<()> {
        let (branch, _) = self.host.store().linked_branches(1).await?.into_iter().next().context("no branch was pulled")?;
        for code in codes {
            let order = order(code, branch, self.host.clock().now());
            let event = OrderEvent { id: format!("{code}-1"), sequence: 1, kind: OrderEventKind::Created, order, reason: None };
            self.host.order_event(1, event).await?;
        }
        Ok(())
    }

    /// An order of the shop's that can go out.
    pub(crate) async fn order_that_goes(&self, code: &str) -> Result<()> {
        let (branch, _) = self.host.store().linked_branches(1).await?.into_iter().next().context("no branch was pulled")?;
        let product = self.host.store().sellable(1, 1).await?.into_iter().next().context("nothing to sell")?;
        let mut order = order(code, branch, self.host.clock().now());
        for line in &mut order.lines {
            (line.product, line.name, line.unit_price) = (product.product.to_string(), product.name.clone(), product.price);
        }
        order.to_collect = product.price;
        let event = OrderEvent { id: format!("{code}-1"), sequence: 1, kind: OrderEventKind::Created, order, reason: None };
        self.host.order_event(1, event).await?;
        Ok(())
    }

    /// The app that the form of the first connection names.
    pub(crate) async fn app(&self) -> Result<i64> {
        let connection = self.host.store().connection(1).await?;
        Ok(connection.settings.get("app-id").context("no app yet")?.parse()?)
    }
}

fn order(code: &str, branch: i64, created: Instant) -> Order {
    let line = OrderLine {
        product: "999999".to_owned(),
        remote_product: None,
        remote_is_parent: false,
        sku: None,
        name: "Hàng chưa liên kết".to_owned(),
        quantity: 1_000,
        unit_price: 120_000,
        discount: 0,
        vat: 0,
        weight_grams: None,
        note: None,
    };
    Order {
        id: code.to_owned(),
        code: code.to_owned(),
        remote: None,
        branch: branch.to_string(),
        remote_branch: None,
        fulfilment: Fulfilment::Delivery,
        lock: Lock::None,
        source: "nobi".to_owned(),
        recipient: Person { name: "Lê Thị Mơ".to_owned(), phone: "0912345678".to_owned(), email: None },
        address: Address { text: "12 Lê Lợi".to_owned(), province: None, district: None, ward: None, scheme: AddressScheme::Unknown },
        buyer: None,
        lines: vec![line],
        discount: 0,
        points: 0,
        deposit: 0,
        transfer: 0,
        customer_ship_fee: 0,
        to_collect: 120_000,
        shipping_weight_grams: None,
        note: None,
        private_note: None,
        created,
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.serving.abort();
    }
}
