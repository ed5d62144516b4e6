//! Switches for what the documents leave open: one field an unknown, each with the default that the evidence favours.
//!
//! A switch changes how an answer looks or which rule is taken; what breaks a connection is a [`crate::Fault`].

use std::time::Duration;

use crate::switches_v3::SwitchesV3;

/// How `messages` is written (reference section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum MessageShape {
    /// A list of strings, as documented.
    #[default]
    List,
    /// One string.
    Text,
    /// An object of code to text.
    Object,
    /// Nothing at all.
    Absent,
}

/// How ids, prices and weights of products are written (reference section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum NumberShape {
    /// As seen in real replies: numeric strings for ids, prices and weights.
    #[default]
    Real,
    /// As documented: numbers.
    Documented,
}

/// What an empty collection keyed by id looks like (reference section 2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum EmptyShape {
    /// `[]`, as PHP writes it.
    #[default]
    List,
    /// `{}`.
    Object,
    /// `null`.
    Null,
}

/// How a collection with members looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CollectionShape {
    /// An object keyed by id.
    #[default]
    Keyed,
    /// A list.
    List,
}

/// What happens when a number is above what is allowed: `icpp` over the maximum, a window over ten days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooMuch {
    /// It is cut down to what is allowed.
    Clamp,
    /// `code` 0.
    Refuse,
}

/// What a page beyond the last one holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PastEnd {
    /// Nothing.
    #[default]
    Empty,
    /// The last page again.
    LastPage,
    /// `code` 0.
    Refuse,
}

/// What `order/add` does with an own id it knows (reference section 4.2, unknown 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RepeatedOwnId {
    /// It makes another order.
    #[default]
    CreateTwice,
    /// `code` 0.
    Refuse,
    /// It answers with the order that is there.
    SameOrder,
}

/// What stock a parent shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ParentStock {
    /// The sum of its variants.
    #[default]
    Sum,
    /// `null`.
    Null,
    /// No `inventory` at all.
    Absent,
}

/// What `product/detail` answers for an id it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum NotFound {
    /// `code` 0.
    #[default]
    Refuse,
    /// `code` 1 with empty data.
    Empty,
}

/// How deleted ids are written in webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DeletedIds {
    /// A list of strings.
    #[default]
    Texts,
    /// A list of numbers.
    Numbers,
    /// An object, index to id.
    Object,
}

/// How phones of new orders are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PhoneShape {
    /// As they were sent.
    #[default]
    AsSent,
    /// `0` and nine digits, without spaces and country code.
    Canonical,
}

impl PhoneShape {
    /// How a phone that was sent is kept.
    pub(crate) fn kept(self, mobile: String) -> String {
        if self == Self::AsSent {
            return mobile;
        }
        let digits: String = mobile.chars().filter(char::is_ascii_digit).collect();
        match digits.strip_prefix("84").filter(|rest| rest.len() == 9) {
            Some(rest) => format!("0{rest}"),
            None if digits.len() == 9 && !digits.starts_with('0') => format!("0{digits}"),
            None => digits,
        }
    }
}

/// How `code` is written in an answer's envelope, whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CodeShape {
    /// `1` and `0`, as documented.
    #[default]
    Number,
    /// `"1"` and `"0"`.
    Text,
    /// `true` and `false`, as a client met it for a dead token and for a spent access code.
    Boolean,
}

impl CodeShape {
    /// `code` as JSON.
    pub(crate) fn written(self, well: bool) -> &'static str {
        match (self, well) {
            (Self::Number, true) => "1",
            (Self::Number, false) => "0",
            (Self::Text, true) => "\"1\"",
            (Self::Text, false) => "\"0\"",
            (Self::Boolean, true) => "true",
            (Self::Boolean, false) => "false",
        }
    }
}

/// Every switch; `Default` is what reference sections 10 and 12 suggest. Those of 3.0 alone are in [`SwitchesV3`]; these hold for both dialects where
/// 3.0 has the same thing: `long_window`, `refusal_status`, `rate_limit_status`, `long_rate_limit_code`, `depots_limited_to_token`, `parent_stock`,
/// `detail_not_found`, `webhook_data_as_text`, `update_follows_add`, `escape_unicode`, `phones`, `codes`, `shown_after`,
/// `edits_unheeded`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switches {
    /// The token's reply is nested under `data` instead of flat.
    pub token_nested: bool,
    /// The shape of `messages`.
    pub messages: MessageShape,
    /// Numbers of products.
    pub numbers: NumberShape,
    /// The documents' `damage` instead of the wire's `damaged`.
    pub damage_key: bool,
    /// Empty keyed collections.
    pub empty: EmptyShape,
    /// Keyed collections with members.
    pub collections: CollectionShape,
    /// `icpp` above the maximum.
    pub icpp_over_max: TooMuch,
    /// Pages beyond the last.
    pub past_end: PastEnd,
    /// Order windows of more than ten days.
    pub long_window: TooMuch,
    /// Own ids that are known.
    pub repeated_own_id: RepeatedOwnId,
    /// The HTTP status of refusals.
    pub refusal_status: u16,
    /// The HTTP status of the rate limit.
    pub rate_limit_status: u16,
    /// `ERR_EXCEEDED_RATE_LIMIT` instead of `ERR_429`.
    pub long_rate_limit_code: bool,
    /// `/store/depot` shows only the token's depots.
    pub depots_limited_to_token: bool,
    /// `/product/search` lists variants when no `parentId` is asked for.
    pub list_shows_variants: bool,
    /// What parents hold.
    pub parent_stock: ParentStock,
    /// Unknown ids of `/product/detail`.
    pub detail_not_found: NotFound,
    /// Ids in `productDelete` and `orderDelete`.
    pub deleted_ids: DeletedIds,
    /// A webhook's `data` is a string that holds JSON.
    pub webhook_data_as_text: bool,
    /// `orderAdd` is followed by an `orderUpdate` of the same order.
    pub update_follows_add: bool,
    /// Vietnamese letters as `\u` escapes.
    pub escape_unicode: bool,
    /// An order's `type` is the Vietnamese label instead of the English word.
    pub order_type_label: bool,
    /// A line's price, quantity and discount are numbers instead of numeric strings.
    pub line_numbers: bool,
    /// A customer's phone is a number, as documented, and so loses its leading 0.
    pub mobile_as_number: bool,
    /// How phones are kept.
    pub phones: PhoneShape,
    /// Orders that come of an order have its own id too.
    pub children_keep_own_id: bool,
    /// A row of 2.0 names the original of a part that was split off, in `returnFromOrderId`; no document says so.
    pub split_names_original: bool,
    /// How long an order's reservation lasts, in ms; `None`: as long as the order is open.
    pub holds_lapse_after_ms: Option<i64>,
    /// How `code` is written.
    pub codes: CodeShape,
    /// How long after it was made, by the clock of the settings, an order of an app shows in reads and can be edited. A public client waits a minute
    /// before it edits; webhooks tell at once.
    pub shown_after: Duration,
    /// Edits of orders are answered as if done, with the status that the order had, and change nothing.
    pub edits_unheeded: bool,
    /// The end of 2.0 in unix ms: from then on every path of it answers an HTML page.
    pub v2_ends_at_ms: Option<i64>,
    /// The HTTP status of that page.
    pub v2_ended_status: u16,
    /// The switches of 3.0.
    pub v3: SwitchesV3,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            token_nested: false,
            messages: MessageShape::default(),
            numbers: NumberShape::default(),
            damage_key: false,
            empty: EmptyShape::default(),
            collections: CollectionShape::default(),
            icpp_over_max: TooMuch::Clamp,
            past_end: PastEnd::default(),
            long_window: TooMuch::Refuse,
            repeated_own_id: RepeatedOwnId::default(),
            refusal_status: 200,
            rate_limit_status: 200,
            long_rate_limit_code: false,
            depots_limited_to_token: true,
            list_shows_variants: true,
            parent_stock: ParentStock::default(),
            detail_not_found: NotFound::default(),
            deleted_ids: DeletedIds::default(),
            webhook_data_as_text: false,
            update_follows_add: false,
            escape_unicode: false,
            order_type_label: false,
            line_numbers: false,
            mobile_as_number: false,
            phones: PhoneShape::default(),
            children_keep_own_id: false,
            split_names_original: false,
            holds_lapse_after_ms: None,
            codes: CodeShape::default(),
            shown_after: Duration::from_secs(60),
            edits_unheeded: false,
            v2_ends_at_ms: None,
            v2_ended_status: 404,
            v3: SwitchesV3::default(),
        }
    }
}
