//! What the connector is: the form, the servers it talks to, what is synced and what is not, the words of Nhanh.
//!
//! It is the promise that the host enforces: a request that no route allows is denied, a secret goes only where a splice puts it. It must
//! be the same in every call and depends on nothing.

mod form;

use crate::connect::{ACCESS_TOKEN, LOGIN};
use crate::nhanh::ENDPOINT;
use crate::nhanh::words;
use crate::nhanh::{v2::request as v2, v3::request as v3};
use crate::settings::key;
use crate::webhook::EVENTS;
use crate::wit::connector::{
    Capture, Descriptor, Direction, Endpoint, Flow, Pace, Placement, Policy, Route, Splice, WebhookProof, Webhooks,
};
use crate::wit::http::Method;
use crate::wit::types::{Entity, Message};

/// Nhanh's documented limit for each app, business and path: 150 requests in 30 seconds.
const PACE: Pace = Pace { requests: 150, window_ms: 30_000 };

fn say(vi: &str, en: &str) -> Message {
    Message::new(vi, en)
}

/// The descriptor.
#[must_use]
pub fn descriptor() -> Descriptor {
    Descriptor {
        id: "nhanh".to_owned(),
        name: say("Nhanh.vn", "Nhanh.vn"),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        form: form::fields(),
        endpoints: endpoints(),
        flows: flows(),
        glossary: words::glossary(),
        webhooks: Some(Webhooks {
            // 2.0 has the token in the body, 3.0 in a header, bare. Which of the two an app sends is its own choice, whatever a grant speaks.
            proofs: vec![
                WebhookProof::TokenInJson("/webhooksVerifyToken".to_owned()),
                WebhookProof::TokenInHeader("Authorization".to_owned()),
            ],
            secret: "verify-token".to_owned(),
            account: Some("/businessId".to_owned()),
            events: EVENTS.map(str::to_owned).to_vec(),
        }),
        grant_code_param: "accessCode".to_owned(),
        app_field: key::APP_ID.to_owned(),
    }
}

/// A day: Nhanh asks that its lists of places be kept for so long.
const DAY_MS: u32 = 86_400_000;

fn splice(secret: &str, placement: Placement, name: &str) -> Splice {
    Splice { secret: secret.to_owned(), placement, name: name.to_owned() }
}

#[inline(never)]
fn route(prefix: &str, writes: bool, splices: Vec<Splice>) -> Route {
    Route {
        path_prefix: prefix.to_owned(),
        methods: vec![Method::Post],
        splices,
        captures: Vec::new(),
        pace: Some(PACE),
        cache_ms: None,
        writes,
    }
}

fn token() -> Capture {
    // 2.0 is documented flat, 3.0 nested; clients of either read both.
    Capture { secret: ACCESS_TOKEN.to_owned(), pointers: vec!["/data/accessToken".to_owned(), "/accessToken".to_owned()] }
}

fn second(prefix: &str, writes: bool) -> Route {
    route(prefix, writes, vec![splice(ACCESS_TOKEN, Placement::FormField, "accessToken")])
}

fn third(prefix: &str, writes: bool) -> Route {
    route(prefix, writes, vec![splice(ACCESS_TOKEN, Placement::Header, "Authorization")])
}

fn endpoints() -> Vec<Endpoint> {
    let (login, login_path) = LOGIN;
    let code =
        |placement, secret: &str, code: &str| vec![splice("client-secret", placement, secret), splice("grant-code", placement, code)];
    let grant = |path, splices| Route { captures: vec![token()], ..route(path, true, splices) };
    vec![
        Endpoint {
            name: login.to_owned(),
            origin: "https://nhanh.vn".to_owned(),
            routes: vec![Route { methods: vec![Method::Get], pace: None, ..route(login_path, false, Vec::new()) }],
        },
        Endpoint {
            name: ENDPOINT.to_owned(),
            origin: "https://pos.open.nhanh.vn".to_owned(),
            routes: vec![
                grant(v3::path::ACCESS_TOKEN, code(Placement::JsonPointer, "/secretKey", "/accessCode")),
                third("/v3.0", false),
                third(v3::path::ORDER_ADD, true),
                third(v3::path::ORDER_EDIT, true),
                third(v3::path::CANCEL_CARRIER, true),
                Route { cache_ms: Some(DAY_MS), ..third(v3::path::LOCATIONS, false) },
                grant(v2::path::ACCESS_TOKEN, code(Placement::FormField, "secretKey", "accessCode")),
                second("/api", false),
                second(v2::path::ORDER_ADD, true),
                second(v2::path::ORDER_UPDATE, true),
            ],
        },
    ]
}

#[inline(never)]
fn flow(entity: Entity, label: Message, policies: Vec<Policy>, rights: Vec<Message>) -> Flow {
    Flow { entity, direction: Direction::IntoNobi, label, unsupported: None, policies, toggle: None, rights }
}

/// Why the guide's two other lists are not synced.
#[must_use]
pub fn unsupported(entity: Entity) -> Message {
    match entity {
        Entity::User => say(
            "Người dùng: không hỗ trợ đồng bộ. Tạo người dùng trực tiếp trong Nobi Pro.",
            "Users are not synced. Create them in Nobi Pro.",
        ),
        _ => say(
            "Nhóm khách hàng: không hỗ trợ đồng bộ. Tạo nhóm trực tiếp trong Nobi Pro.",
            "Customer groups are not synced. Create them in Nobi Pro.",
        ),
    }
}

fn flows() -> Vec<Flow> {
    use Policy::{CreateOnly, KeepUpdated, Off, Scheduled};
    let on_click = || vec![CreateOnly, Off, KeepUpdated];
    let products = || vec![say("Xem danh sách sản phẩm", "Read the product list")];
    let orders = || say("Xem danh sách đơn hàng", "Read the order list");
    let stock_toggle = Some(key::SYNC_STOCK_AND_PRICE.to_owned());
    let order_toggle = Some(key::SYNC_ORDERS.to_owned());
    let none = |entity, label| Flow { unsupported: Some(unsupported(entity)), ..flow(entity, label, vec![Off], Vec::new()) };
    vec![
        flow(Entity::Branch, say("Chi nhánh", "Branches"), on_click(), vec![say("Xem danh sách kho hàng", "Read the depots")]),
        flow(
            Entity::Category,
            say("Danh mục sản phẩm", "Product categories"),
            on_click(),
            vec![say("Xem danh mục sản phẩm", "Read the product categories")],
        ),
        flow(Entity::Product, say("Sản phẩm", "Products"), vec![CreateOnly, Off, KeepUpdated, Scheduled], products()),
        Flow { toggle: stock_toggle.clone(), ..flow(Entity::Stock, say("Tồn kho", "Stock"), on_click(), products()) },
        Flow { toggle: stock_toggle, ..flow(Entity::Price, say("Giá bán", "Prices"), on_click(), products()) },
        flow(Entity::Customer, say("Khách hàng", "Customers"), on_click(), vec![say("Xem danh sách khách hàng", "Read the customer list")]),
        Flow {
            direction: Direction::OutOfNobi,
            toggle: order_toggle.clone(),
            ..flow(
                Entity::Order,
                say("Đơn hàng", "Orders"),
                vec![CreateOnly, Off],
                vec![orders(), say("Thêm đơn hàng", "Add orders"), say("Sửa đơn hàng", "Edit orders")],
            )
        },
        Flow {
            toggle: order_toggle,
            ..flow(Entity::OrderStatus, say("Trạng thái đơn trên Nhanh.vn", "Order statuses at Nhanh.vn"), on_click(), vec![orders()])
        },
        none(Entity::CustomerGroup, say("Nhóm khách hàng", "Customer groups")),
        none(Entity::User, say("Người dùng", "Users")),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::wit::connector::FieldKind;

    #[test]
    fn a_version_whose_support_ends_says_so_where_it_is_chosen() {
        let field = descriptor().form.into_iter().find(|it| it.key == "api-version").unwrap();
        let FieldKind::Choice(choices) = field.kind else { panic!("not a choice") };
        let labels: Vec<_> = choices.iter().map(|it| it.label.vi.as_str()).collect();
        assert_eq!(labels, ["Nhanh.vn V3 (API 3.0)", "Nhanh.vn V2 (API 2.0, hết hỗ trợ sau 30/11/2026)"]);
        assert_eq!(field.default.as_deref(), Some("3.0"), "and is not offered first");
    }

    #[test]
    fn the_form_has_the_guide_s_fields_in_order() {
        let keys: Vec<_> = descriptor().form.into_iter().map(|it| it.key).collect();
        let expected = [
            "api-version",
            "app-id",
            "client-secret",
            "redirect-url",
            "webhook-url",
            "verify-token",
            "default-role",
            "sync-orders",
            "sync-stock-and-price",
            "marketplace-orders",
            "default-branch-phone",
            "default-branch-representative",
            "visible-after-seconds",
            "single-refresh-limit",
        ];
        assert_eq!(keys, expected);
    }

    #[test]
    fn every_secret_that_is_spliced_is_known() {
        let descriptor = descriptor();
        let mut known: BTreeSet<_> = ["grant-code", ACCESS_TOKEN].map(str::to_owned).into();
        known.extend(descriptor.form.iter().filter(|it| it.kind == FieldKind::Secret).map(|it| it.key.clone()));
        let routes: Vec<_> = descriptor.endpoints.iter().flat_map(|it| &it.routes).collect();
        assert!(routes.iter().flat_map(|it| &it.splices).all(|it| known.contains(&it.secret)));
        assert!(descriptor.webhooks.is_some_and(|it| known.contains(&it.secret)));
    }

    #[test]
    fn only_the_exchanges_and_the_order_calls_write() {
        let descriptor = descriptor();
        let writing: Vec<_> =
            descriptor.endpoints.iter().flat_map(|it| &it.routes).filter(|it| it.writes).map(|it| it.path_prefix.as_str()).collect();
        assert_eq!(
            writing,
            [
                "/v3.0/app/getaccesstoken",
                "/v3.0/order/add",
                "/v3.0/order/edit",
                "/v3.0/order/cancelcarrier",
                "/api/oauth/access_token",
                "/api/order/add",
                "/api/order/update"
            ]
        );
    }

    #[test]
    fn groups_and_users_are_named_only_to_say_that_they_are_not_synced() {
        for flow in descriptor().flows {
            let none = matches!(flow.entity, Entity::CustomerGroup | Entity::User);
            assert_eq!(flow.unsupported.is_some(), none, "{:?}", flow.entity);
            assert_eq!(flow.policies == [Policy::Off], none);
        }
    }

    #[test]
    fn every_sentence_is_in_both_languages_and_fits() {
        let descriptor = descriptor();
        let form = descriptor.form.iter().flat_map(|it| [&it.label, &it.help]);
        let flows = descriptor.flows.iter().flat_map(|it| it.rights.iter().chain(&it.unsupported).chain([&it.label]));
        for message in form.chain(flows).chain(descriptor.glossary.iter().map(|it| &it.label)) {
            assert!(!message.vi.is_empty() && !message.en.is_empty(), "{message:?}");
            // Whatever is cut would end without a full stop or a bracket; nothing comes near the limit.
            assert!(message.vi.len() < 500 && message.en.len() < 500, "{}", message.vi);
        }
    }
}
