//! What people at Nhanh do while the simulator runs: they edit products, move stock, change orders, take rights away.
//!
//! Each change emits its webhook, as it would at Nhanh.

use crate::access::is_acceptable;
use crate::dialect::Dialect;
use crate::permission::Permission;
use crate::shop::{Category, ChildKind, Customer, Depot, Ids, Level, NewOrder, OrderChange, Product, Quantity};
use crate::simulator::{SaveError, Simulator};
use crate::webhooks::Release;
use crate::words::carrier_name;

impl Simulator {
    /// Sets what a depot has on hand; `inventoryChange`. `false` when product or depot is unknown.
    pub fn set_stock(&self, product: i64, depot: i64, remain: Quantity) -> bool {
        self.inner.change(|shop, now| shop.set_remain(product, depot, remain, now))
    }

    /// Changes a level in any way; `inventoryChange`. `false` when product or depot is unknown.
    pub fn change_level(&self, product: i64, depot: i64, change: impl FnOnce(&mut Level)) -> bool {
        self.inner.change(|shop, now| shop.change_level(product, depot, change, now))
    }

    /// A depot has nothing of a product any more, and no row that says so: lists and details leave it out. No webhook tells of it. `false` when there is
    /// no such level.
    pub fn drop_level(&self, product: i64, depot: i64) -> bool {
        self.inner.change(|shop, now| {
            let Some(row) = shop.businesses.values_mut().find_map(|home| home.products.get_mut(&product)) else { return false };
            let dropped = row.stock.remove(&depot).is_some();
            if dropped {
                row.stock_ms = now;
            }
            dropped
        })
    }

    /// Adds a product and returns its id; `productAdd`. `None` for an unknown business.
    pub fn add_product(&self, business: i64, product: Product) -> Option<i64> {
        self.inner.change(|shop, now| shop.add_product(business, product, now))
    }

    /// Edits a product's information, not its stock; `productUpdate`.
    pub fn edit_product(&self, product: i64, edit: impl FnOnce(&mut Product)) -> bool {
        self.inner.change(|shop, now| shop.edit_product(product, edit, now))
    }

    /// Deletes a product and, of a parent, its variants; `productDelete`.
    pub fn delete_product(&self, product: i64) -> bool {
        self.inner.change(|shop, _| shop.delete_product(product))
    }

    /// A person or a marketplace makes an order; `orderAdd`. `None` for an unknown business.
    pub fn add_order(&self, business: i64, order: NewOrder) -> Option<i64> {
        self.inner.change(|shop, now| shop.place_order(business, order, now))
    }

    /// A person sets an order's status to any word, also an unknown one; `orderUpdate`.
    pub fn set_status(&self, order: i64, status: &str) -> bool {
        self.change_order(
            order,
            OrderChange { status: Some(status.to_owned()), by: "Trần Thị Bích Ngọc".to_owned(), ..OrderChange::default() },
        )
    }

    /// A person changes an order; `orderUpdate`, and `paymentReceived` when more money was transferred.
    pub fn change_order(&self, order: i64, change: OrderChange) -> bool {
        self.inner.change(|shop, now| shop.change_order(order, change, now))
    }

    /// A person corrects the recipient's phone; `orderUpdate`. `false` when there is no such order.
    pub fn edit_phone(&self, order: i64, mobile: &str) -> bool {
        let Some(mut recipient) = self.order(order).map(|order| order.recipient) else { return false };
        recipient.mobile = mobile.to_owned();
        self.change_order(order, OrderChange { recipient: Some(recipient), by: "Trần Thị Bích Ngọc".to_owned(), ..OrderChange::default() })
    }

    /// A person deletes an order; `orderDelete`.
    pub fn delete_order(&self, order: i64) -> bool {
        self.inner.change(|shop, now| shop.delete_order(order, now))
    }

    /// A person hands an order over to a carrier: it waits for pick-up and counts as sent; `orderUpdate`. Returns the carrier's code, `None` for an
    /// unknown order or carrier.
    pub fn hand_to_carrier(&self, order: i64, carrier: i64) -> Option<String> {
        let name = carrier_name(carrier)?.to_owned();
        self.inner.change(|shop, now| shop.hand_over(order, Some((carrier, name)), "Trần Thị Bích Ngọc", now))
    }

    /// A person makes an order that comes of another, with some of its lines: product and quantity. `orderAdd` for the new one, whose id is returned; a
    /// split takes them out of the original and sends `orderUpdate` for that. `None` when the original is unknown or has no such lines.
    pub fn add_child(&self, original: i64, kind: ChildKind, some: &[(i64, Quantity)]) -> Option<i64> {
        let keep = self.inner.faults.switches().children_keep_own_id;
        self.inner.change(|shop, now| shop.add_child(original, kind, some, keep, now))
    }

    /// A carrier delivers an order in part: the original keeps what the buyer took and is a success (`orderUpdate`), and what comes back is an order of
    /// its own (16, returning) whose id is returned: `orderAdd`, and in 3.0 `orderPartialReturn`. `None` when the order is unknown or has no such lines.
    pub fn deliver_partly(&self, order: i64, back: &[(i64, Quantity)]) -> Option<i64> {
        self.inner.change(|shop, now| shop.deliver_partly(order, back, now))
    }

    /// A person merges the second order into the first, which gets its lines and sums (`orderUpdate`); the second is deleted (`orderDelete`). `false`
    /// unless both are there, in one business.
    pub fn merge_orders(&self, into: i64, from: i64) -> bool {
        self.inner.change(|shop, now| shop.merge_orders(into, from, now))
    }

    /// A person copies an order: a new one with its recipient and lines, whose id is returned; `orderAdd`. `None` when the order is unknown.
    pub fn copy_order(&self, order: i64) -> Option<i64> {
        self.inner.change(|shop, now| shop.copy_order(order, now))
    }

    /// A part of an order comes back, as an order of its own whose id is returned; `orderAdd` for that one, and in 3.0 `orderPartialReturn`. `None`
    /// when the order is unknown or has no such lines.
    pub fn partial_return(&self, order: i64, lines: &[(i64, Quantity)]) -> Option<i64> {
        self.inner.change(|shop, now| shop.partial_return(order, lines, now))
    }

    /// Adds a depot and returns its id. No webhook tells of it.
    pub fn add_depot(&self, business: i64, mut depot: Depot) -> Option<i64> {
        self.inner.change(|shop, _| {
            let id = Ids::take(&mut shop.ids.depot);
            depot.id = id;
            shop.businesses.get_mut(&business)?.depots.insert(id, depot);
            Some(id)
        })
    }

    /// Edits a depot: its name, its phone, its address. No webhook tells of it. `false` when it is unknown or closed.
    pub fn edit_depot(&self, depot: i64, edit: impl FnOnce(&mut Depot)) -> bool {
        self.inner.change(|shop, _| {
            let Some(row) = shop.businesses.values_mut().find_map(|home| home.depots.get_mut(&depot)) else { return false };
            edit(row);
            row.id = depot;
            true
        })
    }

    /// Closes a depot: lists, levels and totals leave it out, and no order may name it. No webhook tells of it. `false` when it is unknown or closed.
    pub fn close_depot(&self, depot: i64) -> bool {
        self.inner.change(|shop, _| {
            let found = shop.businesses.values_mut().find_map(|home| Some((home.depots.remove(&depot)?, home)));
            found.is_some_and(|(row, home)| home.closed_depots.insert(depot, row).is_none())
        })
    }

    /// Opens a closed depot again, with what it holds. No webhook tells of it. `false` when it is not closed.
    pub fn reopen_depot(&self, depot: i64) -> bool {
        self.inner.change(|shop, _| {
            let found = shop.businesses.values_mut().find_map(|home| Some((home.closed_depots.remove(&depot)?, home)));
            found.is_some_and(|(row, home)| home.depots.insert(depot, row).is_none())
        })
    }

    /// The reservations of orders that were made that long ago, or longer, end: `available` rises and the orders stay as they are; `inventoryChange`.
    /// Returns the orders. [`crate::Switches::holds_lapse_after_ms`] does the same by itself.
    pub fn lapse_holds(&self, business: i64, age: std::time::Duration) -> Vec<i64> {
        self.inner.change(|shop, now| shop.lapse_holds(Some(business), now.saturating_sub(crate::inner::ms(age)), now))
    }

    /// Adds a category and returns its id. No webhook tells of it.
    pub fn add_category(&self, business: i64, mut category: Category) -> Option<i64> {
        self.inner.change(|shop, _| {
            let id = Ids::take(&mut shop.ids.category);
            category.id = id;
            shop.businesses.get_mut(&business)?.categories.insert(id, category);
            Some(id)
        })
    }

    /// Adds a customer and returns the id. No webhook tells of it.
    pub fn add_customer(&self, business: i64, mut customer: Customer) -> Option<i64> {
        self.inner.change(|shop, now| {
            let id = Ids::take(&mut shop.ids.customer);
            customer.id = id;
            customer.created_ms = now;
            customer.updated_ms = now;
            shop.businesses.get_mut(&business)?.file_customer(customer);
            Some(id)
        })
    }

    /// Edits a customer. No webhook tells of it.
    pub fn edit_customer(&self, business: i64, customer: i64, edit: impl FnOnce(&mut Customer)) -> bool {
        self.inner.change(|shop, now| {
            let Some(row) = shop.businesses.get_mut(&business).and_then(|home| home.customers.get_mut(&customer)) else { return false };
            edit(row);
            row.id = customer;
            row.updated_ms = now;
            true
        })
    }

    /// The director switches "Cho phép kết nối Open API" on or off.
    pub fn allow_open_api(&self, business: i64, allowed: bool) {
        self.inner.change(|shop, _| {
            if let Some(home) = shop.businesses.get_mut(&business) {
                home.open_api = allowed;
            }
        });
    }

    /// The director switches "Chặn đặt hàng theo số có thể bán" on or off: on, `order/add` is refused for more than may be sold.
    pub fn block_overselling(&self, business: i64, blocked: bool) {
        self.inner.change(|shop, _| {
            if let Some(home) = shop.businesses.get_mut(&business) {
                home.blocks_overselling = blocked;
            }
        });
    }

    /// The app's owner switches the app on or off: off means no calls and no webhooks.
    pub fn set_app_active(&self, app_id: i64, active: bool) {
        if let Some(app) = self.inner.state().access.app_mut(app_id) {
            app.active = active;
        }
    }

    /// The app's owner replaces its redirect URLs.
    ///
    /// # Errors
    /// When the app is unknown or a URL is not https (or http to this machine).
    pub fn set_redirect_urls(&self, app_id: i64, urls: Vec<String>) -> Result<(), SaveError> {
        if let Some(url) = urls.iter().find(|url| !is_acceptable(url)) {
            return Err(SaveError::Url(url.clone()));
        }
        self.inner.state().access.app_mut(app_id).ok_or(SaveError::UnknownApp(app_id))?.form.redirect_urls = urls;
        Ok(())
    }

    /// The app's owner picks the webhooks version: 2.0 or 3.0 for all its merchants, whatever tokens they have. No probe is sent. `false` when there is
    /// no such app or its webhooks are off.
    pub fn set_webhooks_version(&self, app_id: i64, version: Dialect) -> bool {
        let mut state = self.inner.state();
        let form = state.access.app_mut(app_id).and_then(|app| app.form.webhooks.as_mut());
        form.map(|form| form.version = version).is_some()
    }

    /// The merchant removes the app from the business: its tokens are dead in both dialects, and an app with webhooks 3.0 is told `appUninstalled`.
    /// Returns how many tokens there were.
    pub fn uninstall_app(&self, app_id: i64, business: i64) -> usize {
        let now_ms = self.inner.now_ms();
        let mut state = self.inner.state();
        self.inner.post_uninstalled(&state, app_id, business, now_ms);
        state.access.drop_tokens(app_id, business)
    }

    /// The tokens of an app for a business die without a word. Returns how many there were.
    pub fn revoke_token(&self, app_id: i64, business: i64) -> usize {
        self.inner.state().access.drop_tokens(app_id, business)
    }

    /// The tokens of an app for a business expire now. Returns how many there are.
    pub fn expire_token(&self, app_id: i64, business: i64) -> usize {
        let now_ms = self.inner.now_ms();
        self.inner.state().access.change_tokens(app_id, business, |pass| pass.until_ms = pass.until_ms.min(now_ms))
    }

    /// The tokens of an app for a business lose a right. Returns how many there are.
    pub fn restrict(&self, app_id: i64, business: i64, permission: Permission) -> usize {
        self.inner.state().access.change_tokens(app_id, business, |pass| {
            pass.permissions.remove(&permission);
        })
    }

    /// The next so many deliveries are lost: logged, never sent.
    pub fn lose_webhooks(&self, count: u32) {
        self.inner.post.lose(count);
    }

    /// Each of the next so many deliveries is sent twice.
    pub fn repeat_webhooks(&self, count: u32) {
        self.inner.post.repeat(count);
    }

    /// Holds deliveries back until [`Simulator::release_webhooks`].
    pub fn hold_webhooks(&self) {
        self.inner.post.hold();
    }

    /// Lets held deliveries go, in order or reversed.
    pub fn release_webhooks(&self, order: Release) {
        self.inner.post.release(order);
    }
}
