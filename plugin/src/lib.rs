//! The Nhanh.vn connector: what Nobi Pro's extension host loads as a WebAssembly component.
//!
//! This file holds the exports, a line or two each, and is the only one that names the bindings' glue. The types that the contract
//! (`wit/`) generates are the domain types everywhere; there is no second copy of them. The crate must never open a socket, read a
//! clock or hold a secret: `now`, settings and account come in with each call, and the only way out is `http.send`.
//!
//! Where to look: [`describe`] says what the connector is, [`connect`] logs in and checks, [`sync`] pulls, [`push`] sends orders,
//! [`webhook`] reads deliveries. [`map`] knows records, [`nhanh`] the wire, [`vietnam`] phones, money, time, text and addresses.

#![allow(clippy::result_large_err, reason = "the contract's failure is what nearly every function answers; it is small on wasm32")]

pub mod connect;
pub mod describe;
pub mod map;
pub mod nhanh;
pub mod push;
pub mod runtime;
pub mod say;
pub mod sender;
pub mod settings;
pub mod sync;
#[cfg(test)]
mod testing;
pub mod vietnam;
pub mod webhook;

#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, clippy::indexing_slicing, clippy::unwrap_used, reason = "generated")]
mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "plugin",
        additional_derives: [PartialEq],
        generate_all,
    });
}

/// The contract's types, as they are generated from `wit/`.
pub mod wit {
    pub use crate::bindings::exports::nobi::connector::{connector, exchange};
    pub use crate::bindings::nobi::connector::{catalog, http, log, orders, types};
}

use crate::sender::Host;
use crate::wit::connector::{Context, Delivery, Descriptor, Failure, OrderPlan, Page, Request, Response, Step, WebhookOutcome};
use crate::wit::exchange::{Account, CheckLine, Earlier, OrderEvent, PushOutcome};

/// The component's exports.
#[derive(Debug)]
pub struct Nhanh;

impl wit::connector::Guest for Nhanh {
    fn describe() -> Descriptor {
        runtime::enter();
        describe::descriptor()
    }

    fn authorize_url(context: Context, return_to: String) -> Result<Request, Failure> {
        runtime::enter();
        connect::authorize_url(&context, return_to)
    }

    fn build_sync_request(context: Context, step: Step) -> Result<Request, Failure> {
        runtime::enter();
        sync::build_request(&context, &step)
    }

    fn read_sync_response(context: Context, step: Step, response: Response) -> Result<Page, Failure> {
        runtime::enter();
        sync::read_response(&context, &step, &response)
    }

    fn handle_webhook(context: Context, delivery: Delivery) -> Result<WebhookOutcome, Failure> {
        runtime::enter();
        Ok(webhook::handle(&context, &delivery))
    }

    fn map_order(context: Context, event: OrderEvent) -> Result<OrderPlan, Failure> {
        runtime::enter();
        push::plan(&context, &event)
    }

    fn map_product(context: Context, raw: Vec<u8>) -> Result<wit::catalog::Product, Failure> {
        runtime::enter();
        sync::map_product(&context, &raw)
    }
}

impl wit::exchange::Guest for Nhanh {
    fn redeem(context: Context) -> Result<Account, Failure> {
        runtime::enter();
        connect::redeem(&context, &mut Host)
    }

    fn check(context: Context) -> Result<Vec<CheckLine>, Failure> {
        runtime::enter();
        Ok(connect::check(&context, &mut Host))
    }

    fn push_order(context: Context, event: OrderEvent, earlier: Earlier) -> Result<PushOutcome, Failure> {
        runtime::enter();
        push::push(&context, &event, &earlier, &mut Host)
    }
}

#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "the generated entry points")]
mod export {
    use super::{Nhanh, bindings};
    bindings::export!(Nhanh with_types_in bindings);
}
