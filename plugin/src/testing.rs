//! What tests share: a connection, an order, a sender with scripted replies.

use std::collections::VecDeque;

use crate::sender::Sender;
use crate::vietnam::money;
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
    for (key, value) in [("app-id", "72000"), ("api-version", "2.0"), ("sync-orders", "on"), ("sync-stock-and-price", "on")] {
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

/// The order's own sum, as the contract words it.
pub(crate) fn to_collect(order: &Order) -> i128 {
    let line = |it: &OrderLine| money::line_gross(it.quantity, it.unit_price) - i128::from(it.discount) + i128::from(it.vat);
    let off = [order.discount, order.points, order.deposit, order.transfer].map(i128::from).iter().sum::<i128>();
    order.lines.iter().map(line).sum::<i128>() + i128::from(order.customer_ship_fee) - off
}

/// The order with the sum that it should have.
pub(crate) fn settled(order: Order) -> Order {
    let to_collect = i64::try_from(to_collect(&order)).unwrap();
    Order { to_collect, ..order }
}

pub(crate) fn event(kind: OrderEventKind, order: Order) -> OrderEvent {
    OrderEvent { id: "event-1".to_owned(), sequence: 1, kind, order, reason: None }
}

/// Nothing was ever sent.
pub(crate) fn fresh() -> Earlier {
    Earlier {
        may_have_arrived: false,
        first_sent: None,
        last_sent: None,
        empty_lookups: 0,
        seen_as: None,
        gone: false,
        refused_as_existing: None,
        swept: Vec::new(),
        status_sent: Vec::new(),
        status_unanswered: None,
    }
}

pub(crate) fn reply(body: &str) -> Response {
    Response { status: 200, content_type: Some("application/json".to_owned()), body: body.as_bytes().to_vec(), captured: Vec::new() }
}

/// What a request says beside app and business: `data` of a form post, else the JSON.
pub(crate) fn data(request: &Request) -> &str {
    match &request.body {
        Body::Form(fields) => fields.iter().find(|it| it.name == "data").map_or("", |it| it.value.as_str()),
        Body::Json(json) => json,
        Body::None => "",
    }
}

/// How Nhanh talks in a dialect, as far as orders go: the same facts in other words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Talk {
    pub(crate) version: &'static str,
    /// Paths without the dialect's prefix: a list of orders, a new order, a change.
    pub(crate) list: &'static str,
    pub(crate) add: &'static str,
    pub(crate) edit: &'static str,
    /// What the order of [`order`] becomes where no place is known.
    pub(crate) create: &'static str,
    /// What asks for the orders of the first and of the second spelling of its phone since the day before.
    pub(crate) look_ups: [&'static str; 2],
    /// The reply to a new order.
    pub(crate) added: &'static str,
    /// A list of no orders.
    pub(crate) none: &'static str,
    /// The reply to a change.
    pub(crate) updated: &'static str,
    /// Replies to a look-up that do not say that there is no such order.
    pub(crate) unreadable: &'static [&'static str],
}

pub(crate) const TALKS: [Talk; 2] = [
    Talk {
        version: "2.0",
        list: "/order/index",
        add: "/order/add",
        edit: "/order/update",
        create: r#"{"id":"ab12-W-1001","depotId":31010,"type":"Shipping","customerName":"Nguyễn Văn A","customerMobile":"0900000001","customerAddress":"1 Trần Phú","customerCityName":"Hà Nội","customerDistrictName":"Quận Ba Đình","customerWardLocationName":"Phường Điện Biên","moneyDiscount":0,"moneyDeposit":0,"moneyTransfer":0,"customerShipFee":20000,"productList":[{"id":"np-1","idNhanh":38000102,"name":"Áo thun Đỏ M","code":"AT01-DO-M","price":60000,"quantity":2,"weight":250}]}"#,
        look_ups: [
            r#"{"page":1,"icpp":100,"customerMobile":"0900000001","fromDate":"2026-11-19","toDate":"2026-11-21"}"#,
            r#"{"page":1,"icpp":100,"customerMobile":"+84 900 000 001","fromDate":"2026-11-19","toDate":"2026-11-21"}"#,
        ],
        added: r#"{"code":1,"messages":[],"data":{"orderId":125123098}}"#,
        none: r#"{"code":1,"messages":[],"data":{"totalPages":0,"totalRecords":0,"page":1,"orders":[]}}"#,
        updated: r#"{"code":1,"messages":[],"data":{"orderId":125123098,"shipFee":0}}"#,
        unreadable: &[
            r#"{"code":1,"messages":[]}"#,
            r#"{"code":1,"data":"none"}"#,
            r#"{"code":1,"data":{"totalPages":1}}"#,
            r#"{"code":1,"data":{"totalPages":1,"orders":"?"}}"#,
            r#"{"code":1,"data":{"totalPages":1,"orders":{"5":{"id":5,"shopOrderId":"ab12-W-1001","statusCode":{}}}}}"#,
            r#"{"code":1,"data":{"totalPages":1,"orders":{"5":{"id":5,"shopOrderId":{},"statusCode":"New"}}}}"#,
            r#"{"code":1,"data":{"totalPages":1,"orders":["5"]}}"#,
        ],
    },
    Talk {
        version: "3.0",
        list: "/order/list",
        add: "/order/add",
        edit: "/order/edit",
        create: r#"{"info":{"type":1,"depotId":31010,"status":54},"channel":{"appOrderId":"ab12-W-1001"},"shippingAddress":{"name":"Nguyễn Văn A","mobile":"0900000001","address":"1 Trần Phú, Phường Điện Biên, Quận Ba Đình, Hà Nội"},"carrier":{"customerShipFee":20000},"products":[{"id":38000102,"price":60000,"quantity":2,"priceVatMode":1}],"payment":{}}"#,
        look_ups: [
            r#"{"filters":{"createdAtFrom":1795055340,"createdAtTo":1795228200,"shippingAddress":{"mobile":"0900000001"}},"paginator":{"size":100}}"#,
            r#"{"filters":{"createdAtFrom":1795055340,"createdAtTo":1795228200,"shippingAddress":{"mobile":"+84 900 000 001"}},"paginator":{"size":100}}"#,
        ],
        added: r#"{"code":1,"data":{"id":125123098,"trackingUrl":"https://example.com/t/1"}}"#,
        none: r#"{"code":1,"data":[]}"#,
        updated: r#"{"code":1,"data":{"id":125123098}}"#,
        unreadable: &[
            r#"{"code":1,"data":"none"}"#,
            r#"{"code":1,"data":{"orders":[]}}"#,
            r#"{"code":1,"data":["5"]}"#,
            r#"{"code":1,"data":[{"info":{"id":5,"status":{}},"channel":{"appOrderId":"ab12-W-1001"}}]}"#,
            r#"{"code":1,"data":[{"info":{"id":5},"channel":{"appOrderId":{}}}]}"#,
            r#"{"code":1,"data":[{"channel":"?"}]}"#,
        ],
    },
];

impl Talk {
    /// A connection that speaks so, with both toggles on.
    pub(crate) fn context(&self) -> Context {
        let mut context = context();
        set(&mut context, "api-version", self.version);
        context
    }

    /// One row of a list of orders; `more` goes into the row as it is.
    pub(crate) fn row(&self, id: i64, own_id: &str, phone: &str, sum: i64, status: &str) -> String {
        if self.version == "2.0" {
            return format!(
                r#"{{"id":{id},"shopOrderId":"{own_id}","customerMobile":"{phone}","calcTotalMoney":"{sum}","statusCode":"{status}"}}"#
            );
        }
        let status = match crate::nhanh::words::status_number(status) {
            0 => crate::nhanh::json::quoted(status),
            number => number.to_string(),
        };
        format!(
            r#"{{"info":{{"id":{id},"status":{status},"reason":0}},"channel":{{"appOrderId":"{own_id}","saleChannel":10}},"shippingAddress":{{"mobile":"{phone}"}},"carrier":{{"carrierCode":"","sendCarrierAt":0}},"payment":{{"codAmount":{sum}}}}}"#
        )
    }

    /// A page of a list of orders, the last one or not.
    pub(crate) fn page(&self, rows: &[&str], last: bool) -> String {
        if self.version == "2.0" {
            let rows: Vec<_> = rows.iter().enumerate().map(|(at, row)| format!(r#""{}":{row}"#, at + 7)).collect();
            return format!(
                r#"{{"code":1,"messages":[],"data":{{"totalPages":{},"orders":{{{}}}}}}}"#,
                2 - i32::from(last),
                rows.join(",")
            );
        }
        let next = if last { "" } else { r#""paginator":{"next":{"id":7}},"# };
        format!(r#"{{"code":1,{next}"data":[{}]}}"#, rows.join(","))
    }

    /// A page with our order in a status.
    pub(crate) fn ours(&self, status: &str) -> String {
        self.found("ab12-W-1001", "0900000001", 140_000, status)
    }

    /// A page with one order.
    pub(crate) fn found(&self, own_id: &str, phone: &str, sum: i64, status: &str) -> String {
        self.page(&[&self.row(125_123_098, own_id, phone, sum, status)], true)
    }

    /// What a change of a status asks for.
    pub(crate) fn set_status(&self, status: &str) -> String {
        if self.version == "2.0" {
            return format!(r#"{{"orderId":"125123098","status":"{status}"}}"#);
        }
        format!(r#"{{"info":{{"id":125123098,"status":{}}}}}"#, crate::nhanh::words::status_number(status))
    }

    /// What asks for one order by id.
    pub(crate) fn by_id(&self, id: &str) -> String {
        if self.version == "2.0" {
            format!(r#"{{"id":{id}}}"#)
        } else {
            format!(r#"{{"filters":{{"ids":[{id}]}},"paginator":{{"size":100}}}}"#)
        }
    }
}

const PLACES: &str = "/shipping/location";

/// Replies in order; keeps what was asked. A request too many gets no connection.
#[derive(Default)]
pub(crate) struct Script {
    replies: VecDeque<Result<Response, Error>>,
    /// Answers to questions about places, which only one dialect asks; with none left, there is no connection.
    pub(crate) places: VecDeque<String>,
    pub(crate) asked: Vec<(String, String)>,
}

impl Script {
    pub(crate) fn of(bodies: &[&str]) -> Self {
        Self { replies: bodies.iter().map(|it| Ok(reply(it))).collect(), places: VecDeque::new(), asked: Vec::new() }
    }

    pub(crate) fn then(mut self, reply: Result<Response, Error>) -> Self {
        self.replies.push_back(reply);
        self
    }

    /// Paths that were asked for, without the dialect's prefix. Questions about places, which only one dialect asks, are left out.
    pub(crate) fn paths(&self) -> Vec<&str> {
        let short = self.asked.iter().map(|(path, _)| path.trim_start_matches("/api").trim_start_matches("/v3.0"));
        short.filter(|it| *it != PLACES).collect()
    }

    /// What the last request said.
    pub(crate) fn last(&self) -> &str {
        self.asked.last().map_or("", |it| it.1.as_str())
    }
}

impl Sender for Script {
    fn send(&mut self, request: Request) -> Result<Response, Error> {
        self.asked.push((request.path.clone(), data(&request).to_owned()));
        if request.path.ends_with(PLACES) {
            return self.places.pop_front().map(|it| reply(&it)).ok_or_else(|| Error::NotSent("the script has no places".to_owned()));
        }
        self.replies.pop_front().unwrap_or_else(|| Err(Error::NotSent("the script is over".to_owned())))
    }
}
