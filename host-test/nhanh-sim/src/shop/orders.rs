//! What people and apps do to orders, and what that does to stock, customers and the ledger.
//!
//! An order line for an unknown product must create that product (reference section 4.2): that is what bites a careless connector.

use super::{Claim, Customer, Event, Ids, Kin, LedgerEntry, Level, Line, Money, Order, Product, Quantity, Recipient, Shop};

/// A line of an order to be made.
#[derive(Clone, Debug, Default)]
pub struct NewLine {
    /// Nhanh's product id (`idNhanh`), when the caller knows it.
    pub product: Option<i64>,
    /// The caller's own product id.
    pub own_id: Option<String>,
    /// The name; what an auto-created product is called.
    pub name: String,
    /// The SKU.
    pub code: Option<String>,
    /// Unit price in dong.
    pub price: i64,
    /// How many.
    pub quantity: Quantity,
    /// Discount on the whole line, dong.
    pub discount_amount: i64,
    /// VAT percent.
    pub vat_percent: i64,
    /// 1: the price includes VAT; else it comes on top.
    pub vat_mode: i64,
    /// Grams.
    pub weight: Option<i64>,
}

/// An order to be made.
#[derive(Clone, Debug, Default)]
pub struct NewOrder {
    /// The app's own id.
    pub own_id: Option<String>,
    /// The app; `None` for a person or a marketplace.
    pub app: Option<i64>,
    /// The depot; without one nothing is reserved.
    pub depot: Option<i64>,
    /// See [`crate::words::ORDER_TYPES`].
    pub type_id: i64,
    /// See [`crate::words::SALE_CHANNELS`].
    pub sale_channel: i64,
    /// The status to begin with.
    pub status: String,
    /// Who gets the parcel.
    pub recipient: Recipient,
    /// Its sums.
    pub money: Money,
    /// Its lines.
    pub lines: Vec<NewLine>,
    /// The customer's note.
    pub description: String,
    /// The internal note.
    pub private_description: String,
    /// A coupon label.
    pub coupon_code: String,
    /// The payment's code.
    pub payment_code: String,
    /// Where the buyer came from.
    pub traffic_source: Option<String>,
    /// `Y-m-d`.
    pub delivery_date: Option<String>,
    /// Carrier id and name, chosen but not yet handed over to.
    pub carrier: Option<(i64, String)>,
    /// Names of its labels.
    pub tags: Vec<String>,
    /// The order that it is a return, an exchange, a compensation or a part of.
    pub original: Option<i64>,
    /// How late reads show it, in ms.
    pub late_ms: i64,
}

/// A change of an order; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct OrderChange {
    /// The new status.
    pub status: Option<String>,
    /// The reason, in Vietnamese.
    pub reason: Option<String>,
    /// Paid by bank transfer, dong.
    pub transfer: Option<i64>,
    /// The payment's code.
    pub payment_code: Option<String>,
    /// The customer's note.
    pub description: Option<String>,
    /// The internal note.
    pub private_description: Option<String>,
    /// What the buyer pays for delivery, dong.
    pub customer_ship_fee: Option<i64>,
    /// The carrier's code.
    pub carrier_code: Option<String>,
    /// The carrier; `Some(None)` takes it off.
    pub carrier: Option<Option<(i64, String)>>,
    /// `Y-m-d`; `Some(None)` takes it off.
    pub delivery_date: Option<Option<String>>,
    /// Who gets the parcel.
    pub recipient: Option<Recipient>,
    /// Names of its labels.
    pub tags: Option<Vec<String>>,
    /// Who changed it.
    pub by: String,
}

impl Shop {
    /// Makes an order: finds or makes its customer and products, reserves stock, writes the ledger. `None` if there is no such business.
    pub(crate) fn place_order(&mut self, business: i64, new: NewOrder, now_ms: i64) -> Option<i64> {
        self.businesses.get(&business)?;
        let mut auto_created = Vec::new();
        let mut lines = Vec::with_capacity(new.lines.len());
        for line in &new.lines {
            let product = match self.find_line(business, line) {
                Some(id) => id,
                None => {
                    let id = self.auto_create(business, line, now_ms)?;
                    auto_created.push(id);
                    id
                }
            };
            let row = self.product(product)?;
            lines.push(Line {
                product,
                code: row.code.clone().unwrap_or_default(),
                barcode: row.barcode.clone().unwrap_or_default(),
                name: if line.name.is_empty() { row.name.clone() } else { line.name.clone() },
                price: line.price,
                quantity: line.quantity,
                discount_amount: line.discount_amount,
                vat_percent: line.vat_percent,
                vat_mode: if line.vat_mode == 1 { 1 } else { 2 },
                weight: line.weight.or(row.weight).unwrap_or(0),
            });
        }
        let customer = self.find_or_add_customer(business, &new.recipient, now_ms)?;
        let id = Ids::take(&mut self.ids.order);
        let order = Order {
            id,
            own_id: new.own_id,
            app: new.app,
            depot: new.depot,
            type_id: new.type_id,
            sale_channel: new.sale_channel,
            customer,
            recipient: new.recipient,
            money: new.money,
            lines,
            status: new.status,
            reason: String::new(),
            description: new.description,
            private_description: new.private_description,
            payment_code: new.payment_code,
            coupon_code: new.coupon_code,
            traffic_source: new.traffic_source,
            delivery_date: new.delivery_date,
            carrier: new.carrier,
            carrier_code: String::new(),
            sent_ms: None,
            shipment_canceled: false,
            original: new.original,
            hold_lapsed: false,
            marketplace_number: None,
            tags: new.tags,
            created_ms: now_ms,
            updated_ms: now_ms,
            visible_ms: now_ms.saturating_add(new.late_ms),
            history: Vec::new(),
            steps: Vec::new(),
        };
        self.ledger_at.insert(id, self.ledger.len());
        self.ledger.push(LedgerEntry {
            id,
            own_id: order.own_id.clone(),
            app: order.app,
            business,
            depot: order.depot,
            phone: order.recipient.mobile.clone(),
            to_collect: order.to_collect(),
            status: order.status.clone(),
            created_ms: now_ms,
            updates: 0,
            holding: Quantity::ZERO,
            auto_created,
            deleted: false,
        });
        let home = self.businesses.get_mut(&business)?;
        if let Some(own) = &order.own_id {
            home.by_own_id.entry(own.clone()).or_default().push(id);
        }
        let claim = order.claim();
        home.orders.insert(id, order);
        self.move_stock(id, Claim::None, claim, now_ms);
        self.note(business, Event::OrderAdd(id));
        Some(id)
    }

    /// Files an order that was there before the simulator began: no ledger, no stock movement, no event.
    pub(crate) fn file_old_order(&mut self, business: i64, order: Order) {
        if let Some(home) = self.businesses.get_mut(&business) {
            home.orders.insert(order.id, order);
        }
    }

    /// Changes an order. Whether the change is allowed is for the caller to say: a person at Nhanh may do what the API refuses.
    pub(crate) fn change_order(&mut self, id: i64, change: OrderChange, now_ms: i64) -> bool {
        let Some(business) = self.home_of_order(id) else { return false };
        let Some(order) = self.businesses.get_mut(&business).and_then(|home| home.orders.get_mut(&id)) else { return false };
        let before = order.claim();
        let paid = change.transfer.is_some_and(|transfer| transfer > order.money.transfer);
        if let Some(status) = change.status {
            let old = std::mem::replace(&mut order.status, status);
            order.history.push((now_ms, old, order.status.clone(), change.by));
        }
        order.money.transfer = change.transfer.unwrap_or(order.money.transfer);
        order.money.customer_ship_fee = change.customer_ship_fee.unwrap_or(order.money.customer_ship_fee);
        let texts = [
            (&mut order.reason, change.reason),
            (&mut order.payment_code, change.payment_code),
            (&mut order.description, change.description),
            (&mut order.private_description, change.private_description),
            (&mut order.carrier_code, change.carrier_code),
        ];
        for (field, text) in texts {
            if let Some(text) = text {
                *field = text;
            }
        }
        order.carrier = change.carrier.unwrap_or(order.carrier.take());
        order.delivery_date = change.delivery_date.unwrap_or(order.delivery_date.take());
        order.tags = change.tags.unwrap_or(std::mem::take(&mut order.tags));
        order.recipient = change.recipient.unwrap_or(std::mem::take(&mut order.recipient));
        order.updated_ms = now_ms;
        let (after, status, to_collect) = (order.claim(), order.status.clone(), order.to_collect());
        if let Some(entry) = self.entry(id) {
            entry.updates += 1;
            entry.status = status;
            entry.to_collect = to_collect;
        }
        self.move_stock(id, before, after, now_ms);
        self.note(business, Event::OrderUpdate(id));
        if paid {
            self.note(business, Event::PaymentReceived(id));
        }
        true
    }

    /// Edits an order's lines and sums, which no API does; what it holds follows.
    pub(super) fn edit_lines(&mut self, id: i64, now_ms: i64, edit: impl FnOnce(&mut Order)) {
        let Some(business) = self.home_of_order(id) else { return };
        let claim = self.order(id).map_or(Claim::None, Order::claim);
        self.move_stock(id, claim, Claim::None, now_ms);
        let Some(order) = self.order_mut(id) else { return };
        edit(order);
        order.updated_ms = now_ms;
        let to_collect = order.to_collect();
        if let Some(entry) = self.entry(id) {
            entry.updates += 1;
            entry.to_collect = to_collect;
        }
        self.move_stock(id, Claim::None, claim, now_ms);
        self.note(business, Event::OrderUpdate(id));
    }

    /// Deletes an order; what it held is free again. The ledger keeps it.
    pub(crate) fn delete_order(&mut self, id: i64, now_ms: i64) -> bool {
        let Some(business) = self.home_of_order(id) else { return false };
        let claim = self.order(id).map_or(Claim::None, Order::claim);
        self.move_stock(id, claim, Claim::None, now_ms);
        if let Some(entry) = self.entry(id) {
            entry.deleted = true;
        }
        let Some(home) = self.businesses.get_mut(&business) else { return false };
        if let Some(own) = home.orders.remove(&id).and_then(|order| order.own_id)
            && let Some(ids) = home.by_own_id.get_mut(&own)
        {
            ids.retain(|other| *other != id);
        }
        home.deleted_orders.insert(id, now_ms);
        self.note(business, Event::OrderDelete(vec![id]));
        true
    }

    fn entry(&mut self, order: i64) -> Option<&mut LedgerEntry> {
        self.ledger_at.get(&order).and_then(|at| self.ledger.get_mut(*at))
    }

    fn find_line(&self, business: i64, line: &NewLine) -> Option<i64> {
        let home = self.businesses.get(&business)?;
        line.product
            .filter(|id| home.products.contains_key(id))
            .or_else(|| line.own_id.as_ref().and_then(|own| home.products_by_own_id.get(own)).copied())
    }

    fn auto_create(&mut self, business: i64, line: &NewLine, now_ms: i64) -> Option<i64> {
        let mut product = Product::named(if line.name.is_empty() { "Sản phẩm" } else { &line.name });
        product.own_id = line.own_id.clone();
        product.code = line.code.clone().or_else(|| line.own_id.clone());
        product.price = Some(line.price);
        product.weight = line.weight;
        product.kin = Kin::Standalone;
        product.auto_created = true;
        self.add_product(business, product, now_ms)
    }

    fn find_or_add_customer(&mut self, business: i64, recipient: &Recipient, now_ms: i64) -> Option<i64> {
        let home = self.businesses.get_mut(&business)?;
        if let Some(id) = home.by_mobile.get(&recipient.mobile) {
            if let Some(customer) = home.customers.get_mut(id) {
                customer.last_bought_ms = Some(now_ms);
            }
            return Some(*id);
        }
        let id = Ids::take(&mut self.ids.customer);
        home.file_customer(Customer {
            id,
            type_id: 1,
            name: recipient.name.clone(),
            mobile: recipient.mobile.clone(),
            email: recipient.email.clone(),
            address: recipient.address.clone(),
            city: recipient.city.as_ref().map(|place| place.id),
            district: recipient.district.as_ref().map(|place| place.id),
            ward: recipient.ward.as_ref().map(|place| place.id),
            levels: recipient.levels,
            created_ms: now_ms,
            updated_ms: now_ms,
            last_bought_ms: Some(now_ms),
            ..Customer::default()
        });
        Some(id)
    }

    /// Undoes what an order's lines did to its depot's stock under one claim and does what they do under another.
    pub(super) fn move_stock(&mut self, id: i64, before: Claim, after: Claim, now_ms: i64) {
        let Some(order) = self.order(id) else { return };
        let lines: Vec<(i64, Quantity)> = order.lines.iter().map(|line| (line.product, line.quantity)).collect();
        let Some(depot) = order.depot else { return };
        let held = if after == Claim::Holding { lines.iter().map(|(_, quantity)| *quantity).sum() } else { Quantity::ZERO };
        if let Some(entry) = self.entry(id) {
            entry.holding = held;
        }
        if before == after {
            return;
        }
        for (product, quantity) in lines {
            if self.product(product).is_some_and(Product::is_stocked) {
                let change = |level: &mut Level| {
                    claim(level, before, -quantity);
                    claim(level, after, quantity);
                };
                self.change_level(product, depot, change, now_ms);
            }
        }
    }
}

fn claim(level: &mut Level, claim: Claim, quantity: Quantity) {
    match claim {
        Claim::None => {}
        Claim::Holding => level.holding += quantity,
        Claim::Shipping => level.shipping += quantity,
        Claim::Gone => level.remain -= quantity,
        Claim::Back => level.remain += quantity,
    }
}
