//! A stateful stand-in for Nhanh.vn's Open API 2.0 and 3.0 over one shop, written from the documents alone.
//!
//! It is a shop first and a wire second: [`Simulator::start`] seeds a business with depots, products, stock, customers and orders, and serves it over
//! real sockets. What bites at Nhanh bites here: an order line for an unknown product creates that product, the default list hides `Inactive`, filters
//! by update time are blind to stock, `holding` rises only with a `depotId`, a status that may not follow is refused, a locked URL stays locked for
//! longer when it is called, and a `returnLink` must be registered to the letter. In 3.0 an unknown product is refused instead, a repeated own id too, a
//! cursor is good only as it came, the last page of a list is an empty one, and an order that is with a carrier is left alone.
//!
//! The tour:
//!
//! | Module | What it is |
//! |---|---|
//! | `shop` | the state: typed, exact, the same for every dialect; its rules, filters and trees of places |
//! | `seed` | a shop of any size from a seed |
//! | `wire` | what both dialects share: the gate, parameters, spans of time, answers |
//! | `wire/v2` | dialect 2.0: forms in, the real JSON types out; `wire/v2/events` webhook bodies |
//! | `wire/v3` | dialect 3.0: JSON in, nested rows and cursors out; `wire/v3/events` webhook bodies |
//! | `access`, `oauth`, `events` | apps, codes, tokens; the login page; what a form ticks |
//! | `cursors` | which cursors of 3.0 may come back |
//! | `limits` | 150 requests in 30 seconds for each (app, business, URL) |
//! | `faults`, `switches`, `switches_v3` | what goes wrong on the way; what the documents leave open |
//! | `webhooks` | deliveries with retries |
//! | `inner`, `server` | one lock around it all; the sockets |
//! | `page` | what a person sees and does in a browser |
//! | `simulator`, `merchant` | the public handle: reading the shop; what people at Nhanh do |
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use nhanh_sim::{Fault, Settings, Simulator};
//!
//! let nhanh = Simulator::start(Settings::default()).await?;
//! nhanh.faults().next("/api/order/add", Fault::AnswerLostAfterEffect).times(2);
//! nhanh.faults().next("/v3.0/order/add", Fault::Reset);
//! println!("{} has {} products", nhanh.origin(), nhanh.counts(nhanh.business().id).products);
//! # Ok(())
//! # }
//! ```
//!
//! It must never be written from, or depend on, the connector that it tests.

#![deny(missing_docs)]

mod access;
mod clock;
mod cursors;
mod dialect;
mod events;
mod faults;
mod inner;
mod limits;
mod merchant;
mod oauth;
mod page;
mod permission;
mod seed;
mod server;
mod settings;
mod shop;
mod simulator;
mod switches;
mod switches_v3;
mod webhooks;
mod wire;
pub mod words;

pub use access::{App, AppForm, Grant, WebhookForm};
pub use clock::Clock;
pub use dialect::Dialect;
pub use events::EventKind;
pub use faults::{Fault, Faults, Planned};
pub use inner::{Outcome, RequestLog};
pub use permission::Permission;
pub use settings::{Pace, Settings, ShopSize};
pub use shop::{
    Attribute, CITIES, Category, ChildKind, City, Claim, ComboPart, Customer, Depot, District, Event, Kin, LedgerEntry, Level, Levels,
    Line, Money, NewLine, NewOrder, Order, OrderChange, PROVINCES, Place, Product as ProductView, Province, Quantity, Recipient, Unit,
    User, city_named, province_of,
};
pub use simulator::{BusinessInfo, Counts, LoginError, SaveError, Simulator};
pub use switches::{
    CodeShape, CollectionShape, DeletedIds, EmptyShape, MessageShape, NotFound, NumberShape, ParentStock, PastEnd, PhoneShape,
    RepeatedOwnId, Switches, TooMuch,
};
pub use switches_v3::{
    BothDiscounts, CancelCarrier, CursorShape, DetailStatus, EmptyList, EmptyObject, ListEnd, MessagesV3, OrderDiscount,
    RepeatedAppOrderId, StockTimes, SwitchesV3,
};
pub use webhooks::{DeliveryLog, DeliveryOutcome, Release};
