//! "Chặn đặt hàng theo số có thể bán": Nhanh.vn takes no order for more than it may sell, and refuses the orders of a campaign by the hundred.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acceptance::dialect::Call::OrderAdd;
use acceptance::dialect::Dialect;
use acceptance::orders::{order, tell};
use acceptance::plan::Plan;
use acceptance::world::World;
use anyhow::{Context as _, Result};
use connector_host::contract::orders::OrderEventKind;
use connector_host::contract::types::Entity;
use connector_host::contract::{Pace, Policy};
use connector_host::store::{Sellable, Wanting};
use nhanh_sim::{Event, Kin, Level, Quantity};

const CODE: &str = "order.short-of-stock";
const MINUTE: Duration = Duration::from_secs(60);
/// Sooner than any further read or try of what was refused: milliseconds.
const SOON: i64 = 10_000;

/// A campaign: so many orders of one product each, which Nhanh.vn has sold out without a word.
struct Campaign {
    world: World,
    depot: i64,
    /// The products that are wanted, and by how many orders.
    wanted: Vec<(i64, usize)>,
    /// The requests that were made before.
    before: usize,
}

impl Campaign {
    async fn begin(dialect: Dialect, wanted: &[usize]) -> Result<Campaign> {
        // How fast they go is another suite's matter.
        let pace = Some(Pace { requests: 10_000, window_ms: 30_000 });
        let world = World::stocked(Plan { pace, ..Plan::on_a_manual_clock(dialect) }).await?;
        world.host.set_policy(world.side.connection, Entity::Stock, Policy::KeepUpdated).await?;
        world.nhanh.hold_webhooks();
        world.nhanh.block_overselling(world.side.business, true);
        let depot = world.host.store().linked_branches(world.side.connection).await?[0].1.parse()?;
        let products = world.nhanh.products(world.side.business);
        let plain = |it: &Sellable| {
            let row = products.iter().find(|row| row.id.to_string() == it.remote);
            row.is_some_and(|row| row.kin == Kin::Standalone && row.type_id == 1 && row.stock.contains_key(&depot))
        };
        let mut goods = world.host.store().sellable(world.side.connection, 100).await?;
        goods.retain(plain);
        let mut campaign = Campaign { world, depot, wanted: Vec::new(), before: 0 };
        for (item, orders) in goods.iter().zip(wanted) {
            let product: i64 = item.remote.parse()?;
            campaign.wanted.push((product, *orders));
            campaign.set(product, |level| *level = Level { remain: Quantity::units(3), ..Level::default() });
        }
        campaign.world.pull(&[Entity::Stock]).await?;
        campaign.before = campaign.world.nhanh.requests().len();
        for (item, (product, orders)) in goods.iter().zip(campaign.wanted.clone()) {
            assert_eq!(campaign.world.shown(product, depot).await?, Some(3_000));
            campaign.set(product, |level| level.remain = Quantity::ZERO);
            for number in 0..orders {
                let mut order = order(&campaign.world, &format!("{product}-{number}")).await?;
                order.lines[0].product = item.product.to_string();
                (order.lines[0].unit_price, order.to_collect) = (item.price, item.price);
                tell(&campaign.world, &order, 1, OrderEventKind::Created).await?;
            }
        }
        campaign.work().await?;
        Ok(campaign)
    }

    /// Works until nothing is due soon: where two go at once, one may be told to wait a moment, and the clock stands.
    async fn work(&self) -> Result<()> {
        loop {
            self.world.work().await?;
            let now = self.world.clock.now();
            match self.world.host.store().next_due(&[]).await? {
                Some(due) if due < now + SOON => self.world.clock.advance(Duration::from_millis(u64::try_from(due - now)?)),
                _ => return Ok(()),
            }
        }
    }

    /// Changes what there is of a product; no webhook tells of it.
    fn set(&self, product: i64, change: impl FnOnce(&mut Level)) {
        self.world.nhanh.change_level(product, self.depot, change);
    }

    /// So much of a product comes in at Nhanh.vn, whose webhook tells of it.
    async fn arrives(&self, product: i64, units: i64) -> Result<()> {
        self.set(product, |level| level.remain += Quantity::units(units));
        let told = self.world.delivery(self.world.side.business, &Event::InventoryChange(product))?;
        assert_eq!(self.world.post(&told).await?, 200);
        self.work().await
    }

    /// Who waits for what, as people are told, by product.
    async fn waiting(&self) -> Result<BTreeMap<i64, usize>> {
        let wanting = self.world.host.store().wanting(self.world.side.connection).await?;
        let notices = self.world.notices().await?.iter().filter(|notice| notice.code == CODE).count();
        assert_eq!((notices, self.world.host.store().dead_letters(self.world.side.connection).await?.len()), (wanting.len(), 0));
        let line = |it: &Wanting| anyhow::Ok((it.subject.as_ref().context("a product")?.parse()?, usize::try_from(it.orders)?));
        wanting.iter().map(line).collect()
    }

    /// How many orders of each product are at Nhanh.vn; none of them twice.
    fn made(&self) -> BTreeMap<i64, usize> {
        let ledger = self.world.nhanh.ledger();
        let names: BTreeSet<_> = ledger.iter().map(|entry| entry.own_id.clone()).collect();
        assert_eq!(names.len(), ledger.len(), "each once");
        let mut made = BTreeMap::new();
        for order in self.world.nhanh.orders(self.world.side.business) {
            *made.entry(order.lines[0].product).or_default() += 1;
        }
        made
    }
}

async fn orders_that_are_refused_by_the_hundred_are_one_task_a_product_whose_level_is_read_first(dialect: Dialect) -> Result<()> {
    let campaign = Campaign::begin(dialect, &[60, 40]).await?;
    let world = &campaign.world;
    let [(first, _), (second, _)] = campaign.wanted[..] else { anyhow::bail!("two products") };
    assert_eq!(campaign.waiting().await?, [(first, 60), (second, 40)].into());
    assert_eq!((world.asked(OrderAdd), campaign.made().len()), (100, 0), "each was tried once");
    let reads = world.nhanh.requests().len() - campaign.before - 100;
    assert!((2..=4).contains(&reads), "{reads} reads of two levels, however many orders wait");
    for product in [first, second] {
        assert_eq!(world.shown(product, campaign.depot).await?, Some(0), "nobody but the read told of it");
    }
    let told = world.notices().await?.into_iter().find(|notice| notice.code == CODE).context("a line for a person")?;
    assert!(told.vi.starts_with("60 đơn đang chờ, sẽ tự gửi khi được"), "{}", told.vi);
    Ok(())
}

async fn they_go_by_themselves_as_far_as_the_level_rises(dialect: Dialect) -> Result<()> {
    let campaign = Campaign::begin(dialect, &[60, 40]).await?;
    let world = &campaign.world;
    let [(first, _), (second, _)] = campaign.wanted[..] else { anyhow::bail!("two products") };
    campaign.arrives(first, 25).await?;
    assert_eq!(campaign.made(), [(first, 25)].into(), "as many as there are, and of this product");
    assert_eq!(campaign.waiting().await?, [(first, 35), (second, 40)].into());
    assert!(world.asked(OrderAdd) <= 100 + 25 + 1, "{} requests: the others are not tried in vain", world.asked(OrderAdd));
    campaign.arrives(second, 50).await?;
    assert_eq!(campaign.waiting().await?, [(first, 35)].into());
    // No webhook tells of the rest: the next read of the stock does.
    world.clock.advance(2 * MINUTE);
    campaign.set(first, |level| level.remain += Quantity::units(35));
    world.pull(&[Entity::Stock]).await?;
    campaign.work().await?;
    assert_eq!(campaign.made(), [(first, 60), (second, 40)].into());
    assert_eq!(campaign.waiting().await?, BTreeMap::new(), "the task closes itself");
    Ok(())
}

acceptance::in_each_version!(
    orders_that_are_refused_by_the_hundred_are_one_task_a_product_whose_level_is_read_first,
    they_go_by_themselves_as_far_as_the_level_rises,
);
