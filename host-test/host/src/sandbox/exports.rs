//! Where the contract's functions are in one component: found once, so that a call looks at the one that it needs and at no other. Calls
//! nothing.

use wasmtime::component::{Component, ComponentExportIndex};

/// One function.
#[derive(Clone, Copy)]
pub(super) struct Export {
    /// The name that the contract gives it.
    pub(super) name: &'static str,
    pub(super) index: ComponentExportIndex,
}

/// Every function of the contract.
#[derive(Clone, Copy)]
pub(super) struct Exports {
    pub(super) describe: Export,
    pub(super) authorize_url: Export,
    pub(super) build_sync_request: Export,
    pub(super) read_sync_response: Export,
    pub(super) handle_webhook: Export,
    pub(super) map_order: Export,
    pub(super) map_product: Export,
    pub(super) redeem: Export,
    pub(super) check: Export,
    pub(super) push_order: Export,
}

impl Exports {
    /// Fails with the name of what is missing.
    pub(super) fn of(component: &Component) -> Result<Exports, String> {
        let interface = |name: &'static str| {
            let interface = component.get_export_index(None, name);
            move |function: &'static str| {
                let index = interface.and_then(|interface| component.get_export_index(Some(&interface), function));
                index.map(|index| Export { name: function, index }).ok_or_else(|| format!("{name}/{function} is not exported"))
            }
        };
        let connector = interface("nobi:connector/connector@0.1.0");
        let exchange = interface("nobi:connector/exchange@0.1.0");
        Ok(Exports {
            describe: connector("describe")?,
            authorize_url: connector("authorize-url")?,
            build_sync_request: connector("build-sync-request")?,
            read_sync_response: connector("read-sync-response")?,
            handle_webhook: connector("handle-webhook")?,
            map_order: connector("map-order")?,
            map_product: connector("map-product")?,
            redeem: exchange("redeem")?,
            check: exchange("check")?,
            push_order: exchange("push-order")?,
        })
    }
}
