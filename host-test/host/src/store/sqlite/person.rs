//! Finds one customer in the file: which customers and orders of a tenant are the person's, and what names the person elsewhere. Reads only.

use std::collections::BTreeSet;

use rusqlite::{Connection as Sqlite, params};

use super::connections::load;
use super::from_json;
use crate::contract::catalog::Customer;
use crate::contract::orders::Order;
use crate::store::redact::Needles;
use crate::store::{ConnectionId, CustomerKey, Result};

/// Where one person stands.
pub(super) struct Found {
    pub(super) tenant: String,
    /// The tenant's connections.
    pub(super) connections: Vec<ConnectionId>,
    /// Nobi's ids of the customers.
    pub(super) customers: Vec<i64>,
    /// Nobi's ids of the orders that the person bought or receives.
    pub(super) orders: BTreeSet<String>,
    /// What names the person.
    pub(super) needles: Needles,
}

pub(super) fn find(sqlite: &Sqlite, connection: ConnectionId, key: &CustomerKey) -> Result<Found> {
    let tenant = load(sqlite, connection)?.tenant;
    let mut statement = sqlite.prepare_cached("SELECT id FROM connection WHERE tenant = ?1 ORDER BY id")?;
    let connections = statement.query_map([&tenant], |row| row.get(0))?.collect::<std::result::Result<_, _>>()?;
    drop(statement);
    let mut found = Found { tenant, connections, customers: Vec::new(), orders: BTreeSet::new(), needles: Needles::default() };
    let customers = customers(sqlite, &found.tenant)?;
    match key {
        CustomerKey::Phone(phone) => found.needles.phone(phone),
        CustomerKey::Id(id) => {
            for (_, _, customer) in customers.iter().filter(|(known, ..)| known == id) {
                phones(customer).for_each(|phone| found.needles.phone(phone));
            }
        }
    }
    for (id, name, customer) in &customers {
        let is = *key == CustomerKey::Id(*id) || phones(customer).any(|phone| found.needles.is_phone(phone));
        if is {
            found.customers.push(*id);
            found.needles.text(name);
            let texts = [Some(&customer.name), customer.email.as_ref(), customer.address.as_ref(), customer.tax_code.as_ref()];
            texts.into_iter().flatten().for_each(|text| found.needles.text(text));
        }
    }
    orders(sqlite, &mut found)?;
    Ok(found)
}

fn phones(customer: &Customer) -> impl Iterator<Item = &str> {
    [customer.phone.as_deref(), customer.raw_phone.as_deref()].into_iter().flatten()
}

fn customers(sqlite: &Sqlite, tenant: &str) -> Result<Vec<(i64, String, Customer)>> {
    let mut statement = sqlite.prepare_cached("SELECT id, name, phone, detail FROM nobi_customer WHERE tenant = ?1 ORDER BY id")?;
    let rows =
        statement.query_map([tenant], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<String>>(2)?, row.get::<_, String>(3)?)))?;
    let mut customers = Vec::new();
    for row in rows {
        let (id, name, phone, detail) = row?;
        let detail: Customer = from_json(&detail)?;
        customers.push((id, name, Customer { phone: phone.or(detail.phone.clone()), ..detail }));
    }
    Ok(customers)
}

/// Orders as they are now, and as they went out.
fn orders(sqlite: &Sqlite, found: &mut Found) -> Result<()> {
    let mut statement = sqlite.prepare_cached(
        "SELECT record FROM nobi_order WHERE tenant = ?1
         UNION ALL
         SELECT sent FROM order_push JOIN connection ON connection.id = order_push.connection WHERE tenant = ?1 AND sent IS NOT NULL",
    )?;
    let rows = statement.query_map(params![found.tenant], |row| row.get::<_, String>(0))?;
    for row in rows {
        let order: Order = from_json(&row?)?;
        let recipient = found.needles.is_phone(&order.recipient.phone);
        let buyer = order.buyer.as_ref().filter(|buyer| found.needles.is_phone(&buyer.phone));
        for person in recipient.then_some(&order.recipient).into_iter().chain(buyer) {
            found.needles.text(&person.name);
            person.email.iter().for_each(|email| found.needles.text(email));
        }
        if recipient {
            found.needles.text(&order.address.text);
        }
        if recipient || buyer.is_some() {
            found.orders.insert(order.id);
        }
    }
    Ok(())
}
