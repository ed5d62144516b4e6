//! The reference Nobi Pro: what the platform does with records that come in, and what it hands out. [`Applier`] turns changes into rows
//! inside one transaction, by the merchant's policies; it never asks the other side for anything.

mod branch;
mod called;
mod category;
mod customer;
mod gone;
mod holds;
mod lapse;
mod links;
mod matching;
mod order;
mod product;
pub mod stage;
mod standing;
mod stock;
mod sweep;

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection as Sqlite;
use serde::{Deserialize, Serialize};

pub(crate) use self::branch::fault_of_setting;
pub use self::called::Called;
pub(crate) use self::called::{bearer, called};
use self::holds::{Answer, Hold};
use self::lapse::OlderOrder;
pub(crate) use self::links::forget;
use self::links::{LinkState, link_of, mark};
pub use self::matching::sku_key;
pub(crate) use self::order::{keep_order, keep_stage, load_order};
pub(crate) use self::stage::is_end;
pub(crate) use self::standing::{SHOWS_AFTER, revived, revived_anew};
use self::sweep::Listed;
pub(crate) use self::sweep::{ask_anew, forget_listed};
use crate::clock::Instant;
use crate::contract::Policy;
use crate::contract::catalog::Change;
use crate::contract::types::{Entity, Warning};
use crate::names;
use crate::store::sqlite::take_back;
use crate::store::{Connection, Result, Trigger};

/// What became of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nobi lacked it and has it now.
    Created,
    /// Nobi had it and knows its pair now; nothing in it was overwritten.
    Linked,
    /// It was overwritten, as the policy says.
    Updated,
    /// It was the same already.
    Unchanged,
    /// It differs, and the policy keeps what Nobi has.
    Kept,
    /// What it belongs to is not there yet; it waits.
    Parked,
    /// A person has to choose its pair.
    Waiting,
    /// It was deleted at Nobi and is not brought back.
    Tombstone,
    /// It is marked as deleted at the other side.
    Gone,
    /// It is not taken in before a read confirms it, or a person does.
    Held,
    /// The policy or the trigger does not let it in.
    Dropped,
    /// It found its pair, and is looked at again once it is known what the others of its page found. Not counted.
    PutOff,
}

impl Effect {
    fn word(self) -> &'static str {
        match self {
            Effect::Created => "created",
            Effect::Linked => "linked",
            Effect::Updated => "updated",
            Effect::Unchanged => "unchanged",
            Effect::Kept => "kept",
            Effect::Parked => "parked",
            Effect::Waiting => "waiting",
            Effect::Tombstone => "tombstone",
            Effect::Gone => "gone",
            Effect::Held => "held",
            Effect::Dropped => "dropped",
            Effect::PutOff => "put-off",
        }
    }
}

/// How many records became what: `product.created` → 2000.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tally(BTreeMap<String, u64>);

impl Tally {
    /// Counts one.
    pub fn count(&mut self, entity: &str, effect: &str) {
        *self.0.entry(format!("{entity}.{effect}")).or_default() += 1;
    }

    /// One figure; 0 where nothing was counted.
    pub fn get(&self, key: &str) -> u64 {
        self.0.get(key).copied().unwrap_or(0)
    }

    /// Adds another tally to this one.
    pub fn add(&mut self, other: &Tally) {
        for (key, count) in &other.0 {
            *self.0.entry(key.clone()).or_default() += count;
        }
    }

    /// All figures, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(key, count)| (key.as_str(), *count))
    }

    /// How many records were created, linked or overwritten.
    pub fn changed(&self) -> u64 {
        self.0
            .iter()
            .filter(|(key, _)| key.ends_with(".created") || key.ends_with(".linked") || key.ends_with(".updated"))
            .map(|(_, n)| n)
            .sum()
    }
}

/// The policy of each flow, a flow whose toggle is off being off.
#[derive(Clone, Debug, Default)]
pub struct Policies(BTreeMap<&'static str, Policy>);

impl Policies {
    /// Sets one.
    pub fn set(&mut self, entity: Entity, policy: Policy) {
        self.0.insert(names::entity(entity), policy);
    }

    /// One flow's policy; a flow that nobody knows is off.
    pub fn of(&self, entity: Entity) -> Policy {
        self.0.get(names::entity(entity)).copied().unwrap_or(Policy::Off)
    }
}

/// Applies changes of one connection inside one transaction.
pub struct Applier<'a> {
    sqlite: &'a Sqlite,
    connection: &'a Connection,
    policies: Policies,
    trigger: Trigger,
    at: Instant,
    /// When the read began that these changes are of; none: somebody told, who may be late.
    began: Option<Instant>,
    /// That read asks for these records by their ids.
    by_id: bool,
    /// Nobi's records that were found, and by which of this page's: one that several found is nobody's.
    found: BTreeMap<(&'static str, i64), BTreeSet<String>>,
    /// All of this page have been looked for.
    all_found: bool,
    put_off: bool,
    /// The words that are applied came before: they may be older than what is known.
    late: bool,
    /// What the rows of a pull of everything list.
    listed: Listed,
    /// The pulls of this connection that are under way; none: not looked for yet.
    under_way: Option<Vec<i64>>,
    /// Products that became another kind of thing; none: not looked for yet.
    turned: Option<BTreeSet<String>>,
    /// Open orders that were sent a while ago; none: not looked for yet.
    older: Option<Vec<OlderOrder>>,
    done: Applied,
}

/// What applying changes came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Applied {
    /// What became of the records.
    pub(crate) tally: Tally,
    /// The other side's ids of records in which something was written.
    pub(crate) written: BTreeSet<String>,
    /// The other side's ids of products with a level that has to be read before it is taken in.
    pub(crate) to_read: BTreeSet<String>,
    /// What a person should know of a record.
    pub(crate) warnings: Vec<(Entity, Warning)>,
}

impl<'a> Applier<'a> {
    /// Begins.
    pub fn new(sqlite: &'a Sqlite, connection: &'a Connection, policies: Policies, trigger: Trigger, at: Instant) -> Self {
        Applier {
            sqlite,
            connection,
            policies,
            trigger,
            at,
            began: None,
            by_id: false,
            found: BTreeMap::new(),
            all_found: false,
            put_off: false,
            late: false,
            listed: Listed::default(),
            under_way: None,
            turned: None,
            older: None,
            done: Applied::default(),
        }
    }

    /// The changes are what a read showed that began then; `by_id` where it asks for single records.
    #[must_use]
    pub fn of_read(self, began: Instant, by_id: bool) -> Self {
        Applier { began: Some(began), by_id, ..self }
    }

    /// The same for words that came before, and may be older than what is known: they lower levels at once, and raise none.
    pub(crate) fn late(self) -> Self {
        Applier { late: true, ..self }
    }

    /// Applies the changes of a page. What became of each is counted.
    pub fn apply(&mut self, changes: &[Change]) -> Result<()> {
        let mut later = Vec::new();
        for change in changes {
            self.put_off = false;
            self.told_anew(change)?;
            if self.trigger != Trigger::Live {
                self.listed.note(change);
            }
            self.one(change)?;
            if self.put_off {
                later.push(change);
            }
        }
        self.all_found = true;
        later.into_iter().try_for_each(|change| self.one(change))
    }

    fn one(&mut self, change: &Change) -> Result<()> {
        match change {
            Change::Branch(branch) => self.branch(branch),
            Change::Category(category) => self.category(category),
            Change::Product(product) => self.product(product),
            Change::Stock(level) => self.stock(level),
            Change::Price(price) => self.price(price),
            Change::Customer(customer) => self.customer(customer),
            Change::OrderStatus(status) => self.order_status(status),
            Change::Gone(gone) => self.gone(gone),
        }
    }

    /// What became of all of them.
    pub(crate) fn finish(self) -> Applied {
        self.done
    }

    /// Something of this record was written.
    fn wrote(&mut self, remote: &str) {
        if !self.done.written.contains(remote) {
            self.done.written.insert(remote.to_owned());
        }
    }

    /// The same, where this effect is of that kind.
    fn wrote_if(&mut self, remote: &str, effect: Effect) {
        if matches!(effect, Effect::Created | Effect::Linked | Effect::Updated | Effect::Gone) {
            self.wrote(remote);
        }
    }

    fn count(&mut self, entity: Entity, effect: Effect) {
        if effect == Effect::PutOff {
            self.put_off = true;
            return;
        }
        self.done.tally.count(names::entity(entity), effect.word());
    }

    /// Whether a record that Nobi lacks may be made, or one that it has be linked.
    fn may_create(&self, entity: Entity) -> bool {
        match self.policies.of(entity) {
            Policy::Off => false,
            Policy::CreateOnly => self.trigger == Trigger::Click,
            Policy::Scheduled => matches!(self.trigger, Trigger::Click | Trigger::Timer),
            Policy::KeepUpdated => true,
        }
    }

    /// Whether a record that Nobi has may be overwritten.
    fn may_update(&self, entity: Entity) -> bool {
        self.policies.of(entity) == Policy::KeepUpdated
    }

    /// A record's pair. One that was marked as gone is there again: whoever asks has just been told of it.
    fn pair(&mut self, entity: Entity, remote: &str) -> Result<Option<(LinkState, Option<i64>)>> {
        let pair = link_of(self.sqlite, self.connection.id, entity, remote)?;
        if let Some((LinkState::Gone, Some(_))) = pair {
            mark(self.sqlite, self.connection.id, entity, remote, LinkState::Linked, self.at)?;
            take_back(self.sqlite, self.connection.id, &gone::of_record(entity, remote))?;
            self.wrote(remote);
        }
        Ok(pair)
    }

    fn setting(&self, key: &str) -> Option<&str> {
        self.connection.settings.get(key).map(String::as_str).filter(|text| !text.is_empty())
    }
}
