//! The connection's settings, typed, with the default of each where a call brings none.
//!
//! Settings never hold a secret. A setting that cannot be read counts as untouched: a slip in one field must not stop the others.

use crate::nhanh::json::{self, Items};
use crate::nhanh::wire::{self, WIRES, Wire};
use crate::vietnam::text;
use crate::wit::types::{Account, Context, Failure, FailureClass, Instant, Message};

/// Marketplaces whose orders may be pushed when the merchant says so; by Nobi's names of their sources.
pub const MARKETPLACES: [&str; 5] = ["shopee", "lazada", "tiktok", "tiki", "sendo"];

/// The keys of the form, in one place.
pub mod key {
    /// The app's id at Nhanh.
    pub const APP_ID: &str = "app-id";
    /// The dialect.
    pub const API_VERSION: &str = "api-version";
    /// Orders go out.
    pub const SYNC_ORDERS: &str = "sync-orders";
    /// Stock and prices come in.
    pub const SYNC_STOCK_AND_PRICE: &str = "sync-stock-and-price";
    /// Marketplaces whose orders go out too.
    pub const MARKETPLACE_ORDERS: &str = "marketplace-orders";
    /// What a branch without a phone gets.
    pub const DEFAULT_BRANCH_PHONE: &str = "default-branch-phone";
    /// What a branch without a representative gets.
    pub const DEFAULT_BRANCH_REPRESENTATIVE: &str = "default-branch-representative";
    /// How long after it was sent an order is surely in Nhanh's lists.
    pub const VISIBLE_AFTER_SECONDS: &str = "visible-after-seconds";
    /// How many records are refreshed one by one.
    pub const SINGLE_REFRESH_LIMIT: &str = "single-refresh-limit";
}

/// The shortest time after which an order that is not in Nhanh's lists counts as not there. Clients wait a minute before they look.
pub const VISIBLE_AFTER_SECONDS: u32 = 120;

/// The settings of one call.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'c> {
    context: &'c Context,
}

impl<'c> Settings<'c> {
    /// The settings that came with this call.
    #[must_use]
    pub fn of(context: &'c Context) -> Self {
        Self { context }
    }

    /// The time of the call.
    #[must_use]
    pub fn now(self) -> Instant {
        self.context.now
    }

    fn text(self, key: &str) -> Option<&'c str> {
        self.context.settings.iter().find(|it| it.key == key).map(|it| it.value.trim()).filter(|it| !it.is_empty())
    }

    fn number(self, key: &str, default: u32) -> u32 {
        self.text(key).and_then(|it| it.parse().ok()).unwrap_or(default)
    }

    fn on(self, key: &str) -> bool {
        self.text(key) == Some("on")
    }

    /// The app's id: digits.
    ///
    /// # Errors
    /// `nhanh.app-id-missing` when the form has none, or something else than digits.
    pub fn app_id(self) -> Result<&'c str, Failure> {
        self.text(key::APP_ID).filter(|it| text::is_digits(it)).ok_or_else(|| {
            Failure::misconfigured(
                "nhanh.app-id-missing",
                Message::new(
                    "Chưa có App ID của Nhanh.vn. Mở open.nhanh.vn, bấm vào tên app, chép App ID (chỉ gồm chữ số) vào form kết nối.",
                    "There is no App ID of Nhanh.vn yet. Open open.nhanh.vn, click the app's name and copy the App ID (digits only) into the form.",
                ),
            )
        })
    }

    /// The dialect of the connection. It is chosen here, once a call; nothing else asks which it is.
    ///
    /// # Errors
    /// `nhanh.version-unknown` when the form names another.
    pub fn wire(self) -> Result<&'static dyn Wire, Failure> {
        let [first, ..] = WIRES;
        let Some(version) = self.text(key::API_VERSION) else { return Ok(first) };
        wire::of_version(version).ok_or_else(|| {
            Failure::misconfigured(
                "nhanh.version-unknown",
                Message::new(
                    "Phiên bản API {version} chưa được hỗ trợ. Chọn Nhanh.vn V3 hoặc Nhanh.vn V2 trong form kết nối.",
                    "API version {version} is not supported. Choose Nhanh.vn V3 or Nhanh.vn V2 on the connection's form.",
                )
                .with("version", version),
            )
        })
    }

    /// What the grant gave.
    ///
    /// # Errors
    /// `nhanh.not-connected` before the first grant.
    pub fn account(self) -> Result<&'c Account, Failure> {
        self.context.account.as_ref().ok_or_else(|| {
            Failure::new(
                FailureClass::Unauthorized,
                "nhanh.not-connected",
                Message::new(
                    "Kết nối chưa được cấp quyền. Bấm \"Đăng nhập Nhanh.vn\" và đồng ý cấp quyền.",
                    "The connection has no grant yet. Press \"Log in to Nhanh.vn\" and agree.",
                ),
            )
        })
    }

    /// Orders go out.
    #[must_use]
    pub fn orders(self) -> bool {
        self.on(key::SYNC_ORDERS)
    }

    /// Stock and prices come in.
    #[must_use]
    pub fn stock_and_price(self) -> bool {
        self.on(key::SYNC_STOCK_AND_PRICE)
    }

    /// Whether orders of this marketplace go out.
    #[must_use]
    pub fn marketplace(self, source: &str) -> bool {
        let Some(list) = self.text(key::MARKETPLACE_ORDERS) else { return false };
        let Ok(list) = json::parse(list.as_bytes()) else { return false };
        Items::of(&list).into_iter().flatten().any(|(_, it)| it.as_str().is_some_and(|it| it.trim().eq_ignore_ascii_case(source)))
    }

    /// Milliseconds after the last send from which on an empty look-up says something.
    #[must_use]
    pub fn visible_after_ms(self) -> i64 {
        i64::from(self.number(key::VISIBLE_AFTER_SECONDS, 0).max(VISIBLE_AFTER_SECONDS)) * 1000
    }

    /// How many records are refreshed one by one before a whole sweep is cheaper.
    #[must_use]
    pub fn single_refresh_limit(self) -> usize {
        self.number(key::SINGLE_REFRESH_LIMIT, 50) as usize
    }

    /// The only depot that the grant covers, where it is exactly one.
    #[must_use]
    pub fn only_branch(self) -> Option<&'c str> {
        match self.context.account.as_ref()?.branches.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The grant covers some depots only: what staff moves to another is out of sight.
    #[must_use]
    pub fn limited_to_branches(self) -> bool {
        self.context.account.as_ref().is_some_and(|it| !it.branches.is_empty())
    }

    /// The connection's tag.
    ///
    /// # Errors
    /// `nhanh.tag-malformed`: the host made none, or not by the contract.
    pub fn tag(self) -> Result<&'c str, Failure> {
        let tag = self.context.tag.as_str();
        if tag.len() == 4 && tag.bytes().all(|it| it.is_ascii_digit() || it.is_ascii_lowercase()) {
            return Ok(tag);
        }
        Err(Failure::misconfigured(
            "nhanh.tag-malformed",
            Message::new(
                "Kết nối thiếu mã nhận diện đơn. Hãy báo bộ phận hỗ trợ Nobi Pro.",
                "The connection lacks its order tag. Please tell Nobi Pro's support.",
            ),
        ))
    }
}
