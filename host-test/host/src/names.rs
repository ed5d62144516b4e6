//! The contract's enums as the text that the store and the command line write, and back. One table each; never a second spelling.

use crate::contract::types::Entity;
use crate::contract::{OrderPlan, Policy, Scope, catalog, types};

macro_rules! names {
    ($(#[$about:meta])* $to:ident, $from:ident, $type:ty, { $($name:literal => $value:path),+ $(,)? }) => {
        $(#[$about])*
        pub fn $to(value: $type) -> &'static str {
            match value { $($value => $name),+ }
        }

        /// The same, back.
        pub fn $from(text: &str) -> Option<$type> {
            match text { $($name => Some($value),)+ _ => None }
        }
    };
}

names!(
    /// An entity's name in the contract.
    entity, entity_from, Entity, {
        "branch" => Entity::Branch, "category" => Entity::Category, "product" => Entity::Product, "stock" => Entity::Stock,
        "price" => Entity::Price, "customer" => Entity::Customer, "order" => Entity::Order, "order-status" => Entity::OrderStatus,
        "customer-group" => Entity::CustomerGroup, "user" => Entity::User,
    }
);

names!(
    /// A policy's name in the contract.
    policy, policy_from, Policy, {
        "off" => Policy::Off, "create-only" => Policy::CreateOnly, "scheduled" => Policy::Scheduled, "keep-updated" => Policy::KeepUpdated,
    }
);

names!(
    /// A product status' name in the contract.
    product_status, product_status_from, catalog::ProductStatus, {
        "draft" => catalog::ProductStatus::Draft, "active" => catalog::ProductStatus::Active, "inactive" => catalog::ProductStatus::Inactive,
        "out-of-stock" => catalog::ProductStatus::OutOfStock, "unknown" => catalog::ProductStatus::Unknown,
    }
);

names!(
    /// A product kind's name in the contract.
    product_kind, product_kind_from, catalog::ProductKind, {
        "goods" => catalog::ProductKind::Goods, "variant-parent" => catalog::ProductKind::VariantParent,
        "variant-child" => catalog::ProductKind::VariantChild, "combo" => catalog::ProductKind::Combo,
        "service" => catalog::ProductKind::Service, "other" => catalog::ProductKind::Other,
        "unknown" => catalog::ProductKind::Unknown,
    }
);

names!(
    /// The name in the contract of an order's stage.
    order_stage, order_stage_from, catalog::OrderStage, {
        "new" => catalog::OrderStage::New, "confirming" => catalog::OrderStage::Confirming, "packing" => catalog::OrderStage::Packing,
        "waiting-pickup" => catalog::OrderStage::WaitingPickup, "shipping" => catalog::OrderStage::Shipping,
        "delivered" => catalog::OrderStage::Delivered, "failed" => catalog::OrderStage::Failed,
        "cancelled" => catalog::OrderStage::Cancelled, "returning" => catalog::OrderStage::Returning,
        "partly-returned" => catalog::OrderStage::PartlyReturned, "returned" => catalog::OrderStage::Returned,
    }
);

/// A failure class' name in the contract, its payload left out.
pub fn failure_class(class: &types::FailureClass) -> &'static str {
    match class {
        types::FailureClass::Transient => "transient",
        types::FailureClass::RateLimited(_) => "rate-limited",
        types::FailureClass::Unauthorized => "unauthorized",
        types::FailureClass::Forbidden => "forbidden",
        types::FailureClass::Misconfigured => "misconfigured",
        types::FailureClass::Rejected => "rejected",
        types::FailureClass::Held => "held",
        types::FailureClass::Conflict => "conflict",
        types::FailureClass::Ambiguous => "ambiguous",
        types::FailureClass::Unsupported => "unsupported",
    }
}

/// What an order event comes to, in one word.
pub fn order_plan(plan: &OrderPlan) -> &'static str {
    match plan {
        OrderPlan::Create(_) => "create",
        OrderPlan::SetStatus(_) => "set-status",
        OrderPlan::Skip(_) => "skip",
    }
}

/// A scope in one word.
pub fn scope(scope: &Scope) -> &'static str {
    match scope {
        Scope::Everything => "everything",
        Scope::Since(_) => "since",
        Scope::Only(_) => "only",
        Scope::Made(_) => "made",
    }
}
