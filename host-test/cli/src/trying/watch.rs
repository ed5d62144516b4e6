//! What a person sees in the terminal while trying: levels as they arrive at Nobi, orders on Enter and what becomes of them. It reads, and sends an
//! order only where the person asks for one.

use std::collections::BTreeMap;
use std::io::BufRead as _;
use std::sync::Arc;
use std::time::Duration;

use connector_host::contract::orders::{OrderEvent, OrderEventKind};
use connector_host::store::ConnectionId;
use connector_host::work::Host;
use nhanh_sim::Simulator;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::demo::order;
use crate::output::Problem;

/// How soon a person sees what has changed.
const TICK: Duration = Duration::from_secs(1);
/// Changes that are told one by one; a whole sweep is told as a number.
const ONE_BY_ONE: usize = 5;

/// Watches until it is dropped.
pub(super) struct Watch(JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What was seen so far.
struct Seen {
    host: Arc<Host>,
    nhanh: Simulator,
    connection: ConnectionId,
    /// In thousandths, by product and branch.
    levels: BTreeMap<(String, String), i64>,
    orders: u32,
    /// Orders that were sent and have not ended yet.
    open: Vec<(String, String)>,
}

impl Watch {
    pub(super) fn start(host: Arc<Host>, nhanh: Simulator, connection: ConnectionId) -> Watch {
        let mut pressed = enters();
        let mut seen = Seen { host, nhanh, connection, levels: BTreeMap::new(), orders: 0, open: Vec::new() };
        Watch(tokio::spawn(async move {
            let mut tick = tokio::time::interval(TICK);
            loop {
                let told = tokio::select! {
                    // Without anybody at the keyboard it never comes.
                    Some(()) = pressed.recv() => seen.send().await,
                    _ = tick.tick() => seen.look().await,
                };
                if let Err(problem) = told {
                    problem.report();
                }
            }
        }))
    }
}

/// Each Enter on standard input. A thread of its own: reading a terminal cannot be broken off, and must not keep the process.
fn enters() -> mpsc::UnboundedReceiver<()> {
    let (press, pressed) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for _line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if press.send(()).is_err() {
                return;
            }
        }
    });
    pressed
}

impl Seen {
    async fn look(&mut self) -> Result<(), Problem> {
        let (mut changes, known) = (Vec::new(), self.levels.len());
        for level in self.host.store().levels(self.connection).await? {
            let key = (level.product, level.branch);
            if let Some(before) = self.levels.insert(key.clone(), level.available).filter(|before| *before != level.available) {
                changes.push((key, before, level.available));
            }
        }
        if self.levels.len() > known {
            tell!("→ Nobi: đã có {} mức tồn (levels are there)", self.levels.len());
        }
        if changes.len() > ONE_BY_ONE {
            tell!("→ Nobi: {} mức tồn đã đổi (levels changed)", changes.len());
        } else {
            for ((product, branch), before, after) in changes {
                let (product, branch) = self.names(&product, &branch);
                tell!("→ Nobi: tồn của {product} ở {branch}: {} → {} (the level has arrived)", pieces(before), pieces(after));
            }
        }
        self.ended().await
    }

    /// As they are called at Nhanh.
    fn names(&self, product: &str, depot: &str) -> (String, String) {
        let name = product.parse().ok().and_then(|id| self.nhanh.product(id)).map(|row| row.name);
        let depots = self.nhanh.depots(self.nhanh.business().id);
        let depot_name = depots.into_iter().find(|row| row.id.to_string() == depot).map(|row| row.name);
        (name.unwrap_or_else(|| product.to_owned()), depot_name.unwrap_or_else(|| depot.to_owned()))
    }

    /// An order that somebody has just made at Nobi.
    async fn send(&mut self) -> Result<(), Problem> {
        let store = self.host.store();
        let goods = store.sellable(self.connection, 60).await?;
        let branch = store.linked_branches(self.connection).await?.first().map(|(nobi, _)| *nobi);
        let Some(branch) = branch.filter(|_| !goods.is_empty()) else {
            tell!("→ Chưa có gì để bán: hãy đồng bộ chi nhánh và sản phẩm trước. (Nothing to sell yet: sync branches and products first.)");
            return Ok(());
        };
        self.orders += 1;
        let order = order(self.orders, branch, &goods, self.host.clock().now());
        tell!("→ Nobi: đơn {} của {}, thu hộ {} ₫ (an order is on its way)", order.code, order.recipient.name, order.to_collect);
        self.open.push((order.id.clone(), order.code.clone()));
        let event = OrderEvent { id: format!("try-{}", self.orders), sequence: 1, kind: OrderEventKind::Created, order, reason: None };
        self.host.order_event(self.connection, event).await?;
        Ok(())
    }

    /// What became of the orders that were sent.
    async fn ended(&mut self) -> Result<(), Problem> {
        let mut open = Vec::new();
        for (id, code) in std::mem::take(&mut self.open) {
            let outcomes = self.host.store().order_outcomes(self.connection, &id).await?;
            let told =
                |pointer: &str| outcomes.iter().find_map(|outcome| Some(outcome.outcome.as_ref()?.pointer(pointer)?.as_str()?.to_owned()));
            match (told("/how"), told("/failure/message/vi").or_else(|| told("/failure/code")).or_else(|| told("/reason"))) {
                (Some(how), _) => tell!("→ Nhanh.vn: đơn {code} đã có ở Nhanh.vn [{how}] (the order is there)"),
                (None, Some(why)) => tell!("→ Nhanh.vn: đơn {code} không gửi được: {why} (the order was not sent)"),
                (None, None) => open.push((id, code)),
            }
        }
        self.open = open;
        Ok(())
    }
}

fn pieces(thousandths: i64) -> String {
    nhanh_sim::Quantity::thousandths(thousandths).to_string()
}
