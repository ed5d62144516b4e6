//! What a simulator is started with: seed, size, pace, retries, clock.
//!
//! Holds no switch for Nhanh's unknowns; those can change while it runs and live in [`crate::Switches`].

use std::time::Duration;

use crate::clock::Clock;

/// How a simulator is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The port of 127.0.0.1; 0 stands for any free one.
    pub port: u16,
    /// The seed of the shop and of every token: the same seed and clock give the same shop.
    pub seed: u64,
    /// How large the first business is.
    pub shop: ShopSize,
    /// The rate limit.
    pub pace: Pace,
    /// When a failed webhook is sent again, counted from each failure (Nhanh: 5, 10 and 30 minutes).
    pub retry_after: [Duration; 3],
    /// How long a webhook's receiver may take. Nhanh's own figure is unknown.
    pub webhook_timeout: Duration,
    /// After how many deliveries given up in a row an app's webhooks are turned off; saving the form turns them on again. Nhanh's own threshold is
    /// unknown (reference section 8.3).
    pub webhooks_off_after: Option<u32>,
    /// How many webhooks travel at a time. One keeps them in order, which Nhanh does not promise.
    pub webhook_concurrency: usize,
    /// How long stock changes are collected before an `inventoryChange` leaves (at most 100 products each).
    pub stock_batch: Duration,
    /// How long an access code lives (Nhanh: 10 minutes).
    pub code_life: Duration,
    /// How long a token lives (Nhanh: a year).
    pub token_life: Duration,
    /// What one loyalty point is worth, in dong.
    pub point_value: i64,
    /// The time.
    pub now: Clock,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 0,
            seed: 1,
            shop: ShopSize::small(),
            pace: Pace::default(),
            retry_after: [Duration::from_secs(300), Duration::from_secs(600), Duration::from_secs(1800)],
            webhook_timeout: Duration::from_secs(10),
            webhooks_off_after: None,
            webhook_concurrency: 1,
            stock_batch: Duration::from_millis(20),
            code_life: Duration::from_secs(600),
            token_life: Duration::from_secs(365 * 86_400),
            point_value: 1,
            now: Clock::system(),
        }
    }
}

/// How large a seeded business is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShopSize {
    /// Depots.
    pub depots: usize,
    /// Product rows, parents and variants included.
    pub products: usize,
    /// Customers.
    pub customers: usize,
    /// Categories.
    pub categories: usize,
    /// Orders of the past month, from people and marketplaces; they are not in the ledger.
    pub orders: usize,
}

impl ShopSize {
    /// Nothing but one depot.
    pub const fn empty() -> Self {
        Self { depots: 1, products: 0, customers: 0, categories: 0, orders: 0 }
    }

    /// A corner shop: every quirk once.
    pub const fn small() -> Self {
        Self { depots: 2, products: 120, customers: 60, categories: 8, orders: 20 }
    }

    /// A usual shop.
    pub const fn medium() -> Self {
        Self { depots: 4, products: 2_000, customers: 1_500, categories: 40, orders: 400 }
    }

    /// A chain.
    pub const fn large() -> Self {
        Self { depots: 12, products: 20_000, customers: 20_000, categories: 150, orders: 3_000 }
    }
}

/// The rate limit of each (app, business, URL) (reference section 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How many requests a window allows.
    pub requests: u32,
    /// The window.
    pub window: Duration,
    /// How long the first lock lasts; each call while locked makes it longer by as much.
    pub first_lock: Duration,
}

impl Pace {
    /// No limit.
    pub const fn unlimited() -> Self {
        Self { requests: u32::MAX, window: Duration::from_secs(30), first_lock: Duration::from_secs(10) }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self { requests: 150, window: Duration::from_secs(30), first_lock: Duration::from_secs(10) }
    }
}
