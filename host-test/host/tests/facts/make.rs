//! Records and a descriptor made by hand: the plainest of their kind, for a test to change what it is about.

use connector_host::contract::catalog::{
    Branch, BranchStock, Category, Change, Customer, CustomerKind, OrderStatus, Prices, Product, ProductKind, ProductStatus, StockLevel,
};
use connector_host::contract::orders::{Address, AddressScheme, Fulfilment, Lock, Order, OrderEvent, OrderEventKind, OrderLine, Person};
use connector_host::contract::types::{Account, Entity, Message};
use connector_host::contract::{
    Accepted, Capture, Choice, Descriptor, Direction, Endpoint, Field, FieldKind, Flow, Page, Placement, Policy, Route, Splice,
    WebhookProof, Webhooks, http,
};
use connector_host::store::{Connection, Intent};

/// 2026-11-20 09:30:21 at GMT+7.
pub(crate) const NOW: i64 = 1_795_141_821_000;

/// The values of the field `dialect`.
pub(crate) const OLD: &str = "dialect-old";
pub(crate) const NEW: &str = "dialect-new";

/// One sentence.
pub(crate) fn words(text: &str) -> Message {
    Message { vi: text.to_owned(), en: text.to_owned(), arguments: Vec::new() }
}

pub(crate) fn field(key: &str, kind: FieldKind, default: Option<&str>) -> Field {
    let (label, help) = (words(key), words(key));
    Field {
        key: key.to_owned(),
        kind,
        required: false,
        min: 0,
        max: 200,
        mixed: false,
        operator_only: false,
        default: default.map(str::to_owned),
        label,
        help,
    }
}

fn flow(entity: Entity, policies: Vec<Policy>, toggle: Option<&str>) -> Flow {
    let direction = if entity == Entity::Order { Direction::OutOfNobi } else { Direction::IntoNobi };
    Flow { entity, direction, label: words("flow"), unsupported: None, policies, toggle: toggle.map(str::to_owned), rights: Vec::new() }
}

fn route(prefix: &str, writes: bool, captures: Vec<Capture>) -> Route {
    let methods = vec![http::Method::Get, http::Method::Post];
    Route { path_prefix: prefix.to_owned(), methods, splices: Vec::new(), captures, pace: None, cache_ms: None, writes }
}

/// A connector with every kind of flow, two toggles, a token for its webhooks, and three routes.
pub(crate) fn descriptor() -> Descriptor {
    let usual = vec![Policy::CreateOnly, Policy::Off, Policy::KeepUpdated, Policy::Scheduled];
    let capture = Capture { secret: "access-token".to_owned(), pointers: vec!["/token".to_owned()] };
    let mut unsupported = flow(Entity::User, vec![Policy::Off], None);
    unsupported.unsupported = Some(words("not synced"));
    Descriptor {
        id: "scripted".to_owned(),
        name: words("Scripted"),
        version: "1.0.0".to_owned(),
        form: vec![
            field("app-id", FieldKind::Text, None),
            field("verify-token", FieldKind::Secret, None),
            field("stock", FieldKind::Toggle, Some("on")),
            field("orders", FieldKind::Toggle, Some("on")),
        ],
        endpoints: vec![Endpoint {
            name: "far".to_owned(),
            origin: "https://far.example".to_owned(),
            routes: vec![route("/read", false, Vec::new()), route("/write", true, Vec::new()), route("/token", true, vec![capture])],
        }],
        flows: vec![
            flow(Entity::Branch, usual.clone(), None),
            flow(Entity::Category, usual.clone(), None),
            flow(Entity::Product, usual.clone(), None),
            flow(Entity::Customer, usual.clone(), None),
            flow(Entity::Stock, usual.clone(), Some("stock")),
            flow(Entity::Price, usual, Some("stock")),
            flow(Entity::OrderStatus, vec![Policy::KeepUpdated, Policy::Off], None),
            flow(Entity::Order, vec![Policy::CreateOnly, Policy::Off], Some("orders")),
            unsupported,
        ],
        glossary: Vec::new(),
        webhooks: Some(Webhooks {
            proofs: vec![WebhookProof::TokenInJson("/verify".to_owned())],
            secret: "verify-token".to_owned(),
            account: Some("/business".to_owned()),
            events: vec!["stock".to_owned()],
        }),
        grant_code_param: "code".to_owned(),
        app_field: "app-id".to_owned(),
    }
}

/// The same connector with two dialects, of which the newer is the form's default: another login page, another exchange with both secrets
/// in its JSON, and the token in a header of every other request.
pub(crate) fn two_dialects() -> Descriptor {
    let mut descriptor = descriptor();
    let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: words(label) };
    let dialects = FieldKind::Choice(vec![choice(NEW, "The new one"), choice(OLD, "The old one")]);
    descriptor.form.push(field("dialect", dialects, Some(NEW)));
    descriptor.form.push(field("client-secret", FieldKind::Secret, None));
    let splice = |secret: &str, placement: Placement, name: &str| Splice { secret: secret.to_owned(), placement, name: name.to_owned() };
    for route in &mut descriptor.endpoints[0].routes {
        route.splices = match route.path_prefix.as_str() {
            "/token" => vec![
                splice("client-secret", Placement::JsonPointer, "/secretKey"),
                splice("grant-code", Placement::JsonPointer, "/with/accessCode"),
            ],
            _ => vec![splice("access-token", Placement::Header, "Authorization")],
        };
        for capture in &mut route.captures {
            capture.pointers.push("/data/token".to_owned());
        }
    }
    let login = Route { splices: Vec::new(), ..route("/login", false, Vec::new()) };
    descriptor.endpoints[0].routes.push(login);
    descriptor
}

pub(crate) fn account(id: &str) -> Account {
    Account { id: id.to_owned(), name: None, expires: None, permissions: Vec::new(), branches: Vec::new() }
}

pub(crate) fn branch(id: &str) -> Branch {
    Branch {
        id: id.to_owned(),
        code: None,
        name: format!("Kho {id}"),
        phone: Some("0901234567".to_owned()),
        representative: Some("Lan".to_owned()),
        address: None,
    }
}

pub(crate) fn category(id: &str) -> Category {
    Category { id: id.to_owned(), parent: None, code: None, name: format!("Nhóm {id}"), position: 0, hidden: false }
}

pub(crate) fn product(id: &str) -> Product {
    Product {
        id: id.to_owned(),
        undecided: false,
        own_id: None,
        kind: ProductKind::Goods,
        parent: None,
        sku: None,
        barcode: None,
        name: format!("Hàng {id}"),
        category: None,
        brand: None,
        unit: None,
        status: ProductStatus::Active,
        raw_status: "Active".to_owned(),
        prices: None,
        vat: None,
        weight_grams: None,
        description: None,
        images: Vec::new(),
        attributes: Vec::new(),
        units: Vec::new(),
        stock: None,
        others_are_zero: false,
        updated: None,
    }
}

pub(crate) fn with_sku(id: &str, sku: &str) -> Product {
    Product { sku: Some(sku.to_owned()), ..product(id) }
}

pub(crate) fn variant(id: &str, parent: &str) -> Product {
    Product { kind: ProductKind::VariantChild, parent: Some(parent.to_owned()), ..product(id) }
}

pub(crate) fn head(id: &str) -> Product {
    Product { kind: ProductKind::VariantParent, ..product(id) }
}

pub(crate) fn at_branch(branch: &str, available: i64) -> BranchStock {
    BranchStock { branch: branch.to_owned(), on_hand: available, reserved: 0, shipping: 0, damaged: 0, available }
}

/// One level, as a full pull tells it.
pub(crate) fn level(product: &str, branch: &str, available: i64) -> Change {
    Change::Stock(StockLevel {
        product: product.to_owned(),
        levels: vec![at_branch(branch, available)],
        others_are_zero: false,
        provisional: false,
    })
}

/// One level, as a webhook tells it.
pub(crate) fn provisional(product: &str, branch: &str, available: i64) -> Change {
    Change::Stock(StockLevel {
        product: product.to_owned(),
        levels: vec![at_branch(branch, available)],
        others_are_zero: false,
        provisional: true,
    })
}

pub(crate) fn retail(price: i64) -> Prices {
    Prices { retail: Some(price), compare_at: None, cost: None, wholesale: None, includes_vat: None }
}

pub(crate) fn customer(id: &str, phone: Option<&str>) -> Customer {
    Customer {
        id: id.to_owned(),
        undecided: false,
        kind: CustomerKind::Unknown,
        name: format!("Khách {id}"),
        phone: phone.map(str::to_owned),
        raw_phone: phone.map(str::to_owned),
        email: None,
        gender: None,
        birthday: None,
        address: None,
        province: None,
        district: None,
        ward: None,
        group_name: None,
        tax_code: None,
        points: None,
        note: None,
        updated: None,
    }
}

/// Where an order stands at the other side, by a code that is on no ladder.
pub(crate) fn status(order: &str, code: &str) -> OrderStatus {
    OrderStatus {
        order: order.to_owned(),
        own_id: None,
        code: code.to_owned(),
        stage: None,
        tracking: None,
        carrier: None,
        tracking_url: None,
        reason: None,
        changed: None,
    }
}

/// A GET of this path.
pub(crate) fn request(path: &str) -> http::Request {
    http::Request {
        endpoint: "far".to_owned(),
        method: http::Method::Get,
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: http::Body::None,
    }
}

/// A last page of these changes.
pub(crate) fn page(changes: Vec<Change>) -> Page {
    let done = u32::try_from(changes.len()).unwrap();
    Page { changes, refused: Vec::new(), warnings: Vec::new(), next: None, done, total: Some(done) }
}

/// A delivery that speaks of these records.
pub(crate) fn accepted(subjects: &[&str], changes: Vec<Change>) -> Accepted {
    Accepted {
        event: "stock".to_owned(),
        subjects: subjects.iter().map(|subject| (*subject).to_owned()).collect(),
        changes,
        refresh: Vec::new(),
        refused: Vec::new(),
        warnings: Vec::new(),
    }
}

pub(crate) fn order(id: &str) -> Order {
    let line = OrderLine {
        product: "1".to_owned(),
        remote_product: None,
        remote_is_parent: false,
        sku: None,
        name: "Áo".to_owned(),
        quantity: 1000,
        unit_price: 100_000,
        discount: 0,
        vat: 0,
        weight_grams: None,
        note: None,
    };
    let person = Person { name: "Lan".to_owned(), phone: "0901234567".to_owned(), email: None };
    let address = Address { text: "1 Hàng Bài".to_owned(), province: None, district: None, ward: None, scheme: AddressScheme::Unknown };
    Order {
        id: id.to_owned(),
        code: format!("DH-{id}"),
        remote: None,
        branch: "1".to_owned(),
        remote_branch: None,
        fulfilment: Fulfilment::Delivery,
        lock: Lock::None,
        source: "nobi".to_owned(),
        recipient: person,
        address,
        buyer: None,
        lines: vec![line],
        discount: 0,
        points: 0,
        deposit: 0,
        transfer: 0,
        customer_ship_fee: 0,
        to_collect: 100_000,
        shipping_weight_grams: None,
        note: None,
        private_note: None,
        created: NOW,
    }
}

pub(crate) fn event(order_id: &str, sequence: u64, kind: OrderEventKind) -> OrderEvent {
    OrderEvent { id: format!("{order_id}-{sequence}"), sequence, kind, order: order(order_id), reason: None }
}

/// What is written down before this order's first byte.
pub(crate) fn intent(connection: &Connection, order_id: &str, own_id: &str, at: i64) -> Intent {
    Intent { footing: connection.footing(), own_id: own_id.to_owned(), record: order(order_id), at }
}
