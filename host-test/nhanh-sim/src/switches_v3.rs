//! Switches of 3.0: one field for each thing that its documents leave open, with the default that the evidence favours (3.0 reference section 16).
//!
//! A switch changes how an answer looks or which rule is taken; what breaks a connection is a [`crate::Fault`].

/// What `paginator.next` looks like; its meaning is Nhanh's own (3.0 reference section 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CursorShape {
    /// `{"id":100}`.
    #[default]
    Object,
    /// `{"id":"92220"}`.
    ObjectWithText,
    /// `"1900073"`.
    Text,
    /// `1900073`.
    Number,
    /// `[1684232267000,13]`.
    List,
    /// `{"totalRevenue":…,"productId":…}`.
    Compound,
}

/// How a list ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ListEnd {
    /// The last rows still carry `next`; one more call gives an empty list without paginator, as seen in real runs.
    #[default]
    EmptyPage,
    /// The last rows come without paginator.
    Absent,
    /// The last rows come with `"next": null`.
    Null,
}

/// What an empty list looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum EmptyList {
    /// `[]`.
    #[default]
    List,
    /// `""`.
    Text,
    /// `null`.
    Null,
    /// No `data` at all.
    Absent,
}

/// What a nested object without members looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum EmptyObject {
    /// `[]`, as PHP writes it.
    #[default]
    List,
    /// `{}`.
    Object,
    /// `null`.
    Null,
}

/// How `messages` of a refusal is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum MessagesV3 {
    /// A field's error is an object, field to text; anything else is a string.
    #[default]
    AsPrinted,
    /// A list of strings.
    List,
    /// One string.
    Text,
    /// An object whose values are lists of strings.
    Nested,
    /// Nothing at all.
    Absent,
}

/// What `product/inventory` means by `updatedAt*` (3.0 reference section 5.1: it says both).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum StockTimes {
    /// The time of the last stock change.
    #[default]
    StockChanges,
    /// The time of the last edit of the product.
    ProductEdits,
}

/// What `order/add` does with an `appOrderId` that the app has used before (3.0 reference section 18, unknown 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RepeatedAppOrderId {
    /// `code` 0, `ERR_INVALID_FORM_FIELDS`, `messages {"channel.appOrderId": …}`.
    #[default]
    Refuse,
    /// `code` 0 with `ERR_ORDER_EXISTED`.
    RefuseWithOtherCode,
    /// `code` 0 without an `errorCode`, and a text in Vietnamese.
    RefuseWithoutCode,
    /// It makes another order.
    Accept,
}

/// What becomes of an order with a discount of its own and discounts of its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum BothDiscounts {
    /// `code` 0: the documents say not to combine them.
    #[default]
    Refuse,
    /// Both are taken off.
    CountBoth,
}

/// Where an order's own discount goes; the documents say that Nhanh spreads it over the lines, and show it at the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OrderDiscount {
    /// It stays at the order.
    #[default]
    Kept,
    /// It becomes discounts of the lines, in proportion to what they cost; VAT is computed after it.
    Spread,
}

/// What `order/cancelcarrier` answers for an order that was sent to a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CancelCarrier {
    /// Done, and the order is CarrierCanceled (58).
    #[default]
    CarrierCanceled,
    /// Done, and the order keeps its status without a carrier, so that it can be edited.
    StatusStays,
    /// `ERR_ORDER_CARRIER_NO_API_CANCEL`.
    NoApi,
    /// `ERR_ORDER_CARRIER_REJECT`.
    Reject,
}

/// How `product/detail` and product webhooks write the status, which is documented as a string there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DetailStatus {
    /// `"2"`.
    #[default]
    Digits,
    /// `2`.
    Number,
    /// `"Active"`.
    Word,
}

/// Every switch of 3.0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchesV3 {
    /// A token for every depot says `"All"` instead of `[]`.
    pub all_depots_as_word: bool,
    /// `messages`.
    pub messages: MessagesV3,
    /// `paginator.next`.
    pub cursor: CursorShape,
    /// The end of a list.
    pub list_end: ListEnd,
    /// Pages hold half of what was asked for, and go on.
    pub short_pages: bool,
    /// Rows of a page when no size is asked for.
    pub default_size: usize,
    /// Empty lists.
    pub empty_list: EmptyList,
    /// Nested objects without members.
    pub empty_object: EmptyObject,
    /// The root categories' `parentId` is null instead of 0.
    pub root_parent_null: bool,
    /// `updatedAt*` of `product/inventory`.
    pub stock_times: StockTimes,
    /// `product/inventory` leaves out products of which no depot has anything.
    pub inventory_omits_empty: bool,
    /// `product/inventory` has rows for parents, with the sums of their variants.
    pub inventory_has_parents: bool,
    /// The status in details.
    pub detail_status: DetailStatus,
    /// Rows of `order/list` name the tree of their places, as webhooks do.
    pub order_location_version: bool,
    /// Repeated own ids.
    pub repeated_own_id: RepeatedAppOrderId,
    /// Own ids are unique for each app and business instead of each app.
    pub own_id_per_business: bool,
    /// Both kinds of discount at once.
    pub both_discounts: BothDiscounts,
    /// An order's own discount.
    pub order_discount: OrderDiscount,
    /// `order/add` and `order/edit` answer with a list of one.
    pub order_reply_list: bool,
    /// They say `orderId` instead of `id`.
    pub order_reply_order_id: bool,
    /// Cancelling a shipment.
    pub cancel_carrier: CancelCarrier,
    /// Order webhooks have the shape of `order/list` instead of the printed one.
    pub order_webhook_like_list: bool,
}

impl Default for SwitchesV3 {
    fn default() -> Self {
        Self {
            all_depots_as_word: false,
            messages: MessagesV3::default(),
            cursor: CursorShape::default(),
            list_end: ListEnd::default(),
            short_pages: false,
            default_size: 20,
            empty_list: EmptyList::default(),
            empty_object: EmptyObject::default(),
            root_parent_null: false,
            stock_times: StockTimes::default(),
            inventory_omits_empty: true,
            inventory_has_parents: false,
            detail_status: DetailStatus::default(),
            order_location_version: false,
            repeated_own_id: RepeatedAppOrderId::default(),
            own_id_per_business: false,
            both_discounts: BothDiscounts::default(),
            order_discount: OrderDiscount::default(),
            order_reply_list: false,
            order_reply_order_id: false,
            cancel_carrier: CancelCarrier::default(),
            order_webhook_like_list: false,
        }
    }
}
