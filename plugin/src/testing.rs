//! What tests share: a connection, an order, a sender with scripted replies.

use std::collections::VecDeque;

use crate::sender::Sender;
use crate::wit::http::{Body, Error, Request, Response};
use crate::wit::orders::{Address, AddressScheme, Earlier, Fulfilment, Lock, Order, OrderEvent, OrderEventKind, OrderLine, Person};
use crate::wit::types::{Account, Context, Setting};

/// 2026-11-20 09:30:00 in Vietnam.
pub(crate) const NOW: i64 = 1_795_141_800_000;

pub(crate) fn account() -> Account {
    Account { id: "110668".to_owned(), name: None, expires: None, permissions: Vec::new(), branches: Vec::new() }
}

/// A connection with both toggles on.
pub(crate) fn context() -> Context {
    let mut context = Context { now: NOW, tag: "ab12".to_owned(), settings: Vec::new(), account: Some(account()) };
    for (key, value) in [("app-id", "72000"), ("sync-orders", "on"), ("sync-stock-and-price", "on")] {
        set(&mut context, key, value);
    }
    context
}

pub(crate) fn set(context: &mut Context, key: &str, value: &str) {
    context.settings.retain(|it| it.key != key);
    context.settings.push(Setting { key: key.to_owned(), value: value.to_owned() });
}

pub(crate) fn line(quantity: i64, unit_price: i64) -> OrderLine {
    OrderLine {
        product: "np-1".to_owned(),
        remote_product: Some("38000102".to_owned()),
        remote_is_parent: false,
        sku: Some("AT01-DO-M".to_owned()),
        name: "Áo thun Đỏ M".to_owned(),
        quantity,
        unit_price,
        discount: 0,
        vat: 0,
        weight_grams: Some(250),
        note: None,
    }
}

/// Two shirts at 60,000 and 20,000 for the way.
pub(crate) fn order() -> Order {
    Order {
        id: "order-1".to_owned(),
        code: "W-1001".to_owned(),
        remote: None,
        branch: "branch-1".to_owned(),
        remote_branch: Some("31010".to_owned()),
        fulfilment: Fulfilment::Delivery,
        lock: Lock::None,
        source: "nobi".to_owned(),
        recipient: Person { name: "Nguyễn Văn A".to_owned(), phone: "+84 900 000 001".to_owned(), email: None },
        address: Address {
            text: "1 Trần Phú".to_owned(),
            province: Some("Hà Nội".to_owned()),
            district: Some("Quận Ba Đình".to_owned()),
            ward: Some("Phường Điện Biên".to_owned()),
            scheme: AddressScheme::ThreeLevel,
        },
        buyer: None,
        lines: vec![line(2000, 60_000)],
        discount: 0,
        points: 0,
        deposit: 0,
        transfer: 0,
        customer_ship_fee: 20_000,
        to_collect: 140_000,
        shipping_weight_grams: None,
        note: None,
        private_note: None,
        created: NOW - 60_000,
    }
}

pub(crate) fn event(kind: OrderEventKind, order: Order) -> OrderEvent {
    OrderEvent { id: "event-1".to_owned(), sequence: 1, kind, order, reason: None }
}

/// Nothing was ever sent.
pub(crate) fn fresh() -> Earlier {
    Earlier { may_have_arrived: false, first_sent: None, last_sent: None, empty_lookups: 0, seen_as: None }
}

pub(crate) fn reply(body: &str) -> Response {
    Response { status: 200, content_type: Some("application/json".to_owned()), body: body.as_bytes().to_vec(), captured: Vec::new() }
}

/// `data` of a form post.
pub(crate) fn data(request: &Request) -> &str {
    match &request.body {
        Body::Form(fields) => fields.iter().find(|it| it.name == "data").map_or("", |it| it.value.as_str()),
        _ => "",
    }
}

/// Replies in order; keeps what was asked. A request too many gets no connection.
#[derive(Default)]
pub(crate) struct Script {
    replies: VecDeque<Result<Response, Error>>,
    pub(crate) asked: Vec<(String, String)>,
}

impl Script {
    pub(crate) fn of(bodies: &[&str]) -> Self {
        Self { replies: bodies.iter().map(|it| Ok(reply(it))).collect(), asked: Vec::new() }
    }

    pub(crate) fn then(mut self, reply: Result<Response, Error>) -> Self {
        self.replies.push_back(reply);
        self
    }

    /// Paths that were asked for, without `/api`.
    pub(crate) fn paths(&self) -> Vec<&str> {
        self.asked.iter().map(|(path, _)| path.trim_start_matches("/api")).collect()
    }
}

impl Sender for Script {
    fn send(&mut self, request: Request) -> Result<Response, Error> {
        self.asked.push((request.path.clone(), data(&request).to_owned()));
        self.replies.pop_front().unwrap_or_else(|| Err(Error::NotSent("the script is over".to_owned())))
    }
}
