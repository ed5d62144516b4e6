//! An app that is logged in, a client that speaks the dialect, and a receiver of webhooks.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use nhanh_sim::{App, AppForm, Clock, Dialect, EventKind, Grant, Pace, Settings, Simulator, WebhookForm};
use serde_json::{Value, json};

/// 2026-11-20 09:30:21 at GMT+7.
pub(crate) const NOW: i64 = 1_795_141_821_000;
pub(crate) const RETURN_LINK: &str = "https://nobi.example/nhanh/back?tenant=7";
pub(crate) const VERIFY: &str = "verify0123456789abc";

/// A clock that a test turns.
#[derive(Clone)]
pub(crate) struct Hands(Arc<AtomicI64>);

impl Hands {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(NOW)))
    }

    pub(crate) fn clock(&self) -> Clock {
        let hands = self.0.clone();
        Clock::new(move || hands.load(Ordering::SeqCst))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

pub(crate) fn settings(hands: &Hands) -> Settings {
    Settings { now: hands.clock(), pace: Pace::unlimited(), ..Settings::default() }
}

/// A simulator with one app and a token for its first business, in one dialect.
pub(crate) struct Desk {
    pub(crate) dialect: Dialect,
    pub(crate) nhanh: Simulator,
    pub(crate) hands: Hands,
    pub(crate) app: App,
    pub(crate) business: i64,
    pub(crate) token: String,
    pub(crate) http: reqwest::Client,
}

pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let hands = Hands::new();
        Self::with(settings(&hands), hands).await
    }

    /// A desk that speaks 3.0.
    pub(crate) async fn v3() -> Self {
        Self::speaking(Dialect::V3).await
    }

    pub(crate) async fn speaking(dialect: Dialect) -> Self {
        let hands = Hands::new();
        let nhanh = Simulator::start(settings(&hands)).await.unwrap();
        let grant = Grant::all(nhanh.business().id);
        Self::granted_in(dialect, nhanh, hands, grant).await
    }

    pub(crate) async fn with(settings: Settings, hands: Hands) -> Self {
        let nhanh = Simulator::start(settings).await.unwrap();
        let business = nhanh.business().id;
        Self::granted(nhanh, hands, Grant::all(business)).await
    }

    pub(crate) async fn granted(nhanh: Simulator, hands: Hands, grant: Grant) -> Self {
        Self::granted_in(Dialect::V2, nhanh, hands, grant).await
    }

    pub(crate) async fn granted_in(dialect: Dialect, nhanh: Simulator, hands: Hands, grant: Grant) -> Self {
        let form = AppForm { name: "Nobi Pro".into(), redirect_urls: vec![RETURN_LINK.into()], webhooks: None };
        let app = nhanh.register_app(form);
        // An order that was just made shows at once: most facts are about other things.
        nhanh.faults().switch(|switches| switches.shown_after = Duration::ZERO);
        let mut desk = Self { dialect, nhanh, hands, app, business: grant.business, token: String::new(), http: client() };
        desk.token = desk.token_for(grant).await;
        desk
    }

    pub(crate) fn login_url(&self, return_link: &str) -> String {
        let mut url = url::Url::parse(&format!("{}/oauth", self.nhanh.origin())).unwrap();
        url.query_pairs_mut()
            .append_pair("version", self.dialect.version())
            .append_pair("appId", &self.app.app_id.to_string())
            .append_pair("returnLink", return_link);
        url.into()
    }

    pub(crate) async fn code_for(&self, grant: Grant) -> String {
        let landing = self.nhanh.log_in(&self.login_url(RETURN_LINK), grant).await.unwrap();
        let url = url::Url::parse(&landing).unwrap();
        url.query_pairs().find(|(key, _)| key == "accessCode").unwrap().1.into_owned()
    }

    pub(crate) async fn exchange(&self, code: &str) -> Value {
        let id = self.app.app_id.to_string();
        if self.dialect == Dialect::V3 {
            let body = json!({ "accessCode": code, "secretKey": self.app.secret_key });
            return self.json(&format!("/v3.0/app/getaccesstoken?appId={id}"), None, body.to_string()).await.unwrap();
        }
        self.post(
            "/api/oauth/access_token",
            &[("version", "2.0"), ("appId", &id), ("accessCode", code), ("secretKey", &self.app.secret_key)],
        )
        .await
        .unwrap()
    }

    pub(crate) async fn token_for(&self, grant: Grant) -> String {
        let code = self.code_for(grant).await;
        let reply = self.exchange(&code).await;
        let token = reply.get("accessToken").unwrap_or(&reply["data"]["accessToken"]);
        token.as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
    }

    /// Posts JSON with this `Authorization` and reads JSON.
    pub(crate) async fn json(&self, path_and_query: &str, authorization: Option<&str>, body: String) -> Result<Value, String> {
        let mut request = self.http.post(format!("{}{path_and_query}", self.nhanh.origin())).header("content-type", "application/json");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let response = request.body(body).send().await.map_err(|error| format!("{error:?}"))?;
        let bytes = response.bytes().await.map_err(|error| format!("{error:?}"))?;
        serde_json::from_slice(&bytes).map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&bytes)))
    }

    /// A path of 3.0 with the app and the business.
    pub(crate) fn v3_url(&self, path: &str) -> String {
        format!("{path}?appId={}&businessId={}", self.app.app_id, self.business)
    }

    /// Posts a form and reads JSON.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Result<Value, String> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.http.post(format!("{}{path}", self.nhanh.origin())).header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(body).send().await.map_err(|error| format!("{error:?}"))?;
        let bytes = response.bytes().await.map_err(|error| format!("{error:?}"))?;
        serde_json::from_slice(&bytes).map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&bytes)))
    }

    /// Calls an endpoint of either dialect with raw `data`; in 3.0 that is the body.
    pub(crate) async fn raw(&self, path: &str, data: &str) -> Result<Value, String> {
        if path.starts_with("/v3.0/") {
            return self.json(&self.v3_url(path), Some(&self.token), data.to_owned()).await;
        }
        let (app, business) = (self.app.app_id.to_string(), self.business.to_string());
        let fields = [("version", "2.0"), ("appId", &app), ("businessId", &business), ("accessToken", &self.token), ("data", data)];
        self.post(path, &fields).await
    }

    /// Calls an endpoint and returns the whole envelope.
    pub(crate) async fn call(&self, path: &str, data: Value) -> Value {
        self.raw(path, &data.to_string()).await.unwrap()
    }

    /// Calls an endpoint that must succeed and returns its data.
    pub(crate) async fn ok(&self, path: &str, data: Value) -> Value {
        let mut reply = self.call(path, data).await;
        assert_eq!(reply["code"], 1, "{reply}");
        reply["data"].take()
    }

    /// The text of a collection's body as it came, so that the order of its keys can be seen.
    pub(crate) async fn text(&self, path: &str, data: Value) -> String {
        let (app, business) = (self.app.app_id.to_string(), self.business.to_string());
        let fields =
            [("version", "2.0"), ("appId", &app), ("businessId", &business), ("accessToken", &self.token), ("data", &data.to_string())];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.http.post(format!("{}{path}", self.nhanh.origin())).body(body).send().await.unwrap().text().await.unwrap()
    }

    /// A product that depots hold.
    pub(crate) fn stocked(&self) -> nhanh_sim::ProductView {
        self.nhanh.products(self.business).into_iter().find(|product| product.stock.len() > 1 && product.type_id == 1).unwrap()
    }

    /// An order for two of a product.
    pub(crate) fn order(&self, own_id: &str, product: i64) -> Value {
        json!({
            "id": own_id, "depotId": self.nhanh.business().depots[0], "customerName": "Nguyễn Văn A", "customerMobile": "0900000001",
            "customerAddress": "1 Trần Phú", "customerCityName": "Hà Nội", "customerDistrictName": "Quận Ba Đình",
            "customerWardLocationName": "Phường Điện Biên", "moneyDiscount": 10000, "customerShipFee": 20000,
            "productList": [{ "id": "P1", "idNhanh": product, "quantity": 2, "name": "Áo thun", "price": 120000 }],
        })
    }

    pub(crate) async fn add(&self, order: Value) -> i64 {
        self.ok("/api/order/add", order).await["orderId"].as_i64().unwrap()
    }

    /// The same order in the words of 3.0.
    pub(crate) fn order3(&self, own_id: &str, product: i64) -> Value {
        json!({
            "info": { "type": 1, "depotId": self.nhanh.business().depots[0], "status": 54, "description": "" },
            "channel": { "appOrderId": own_id, "sourceName": "Website" },
            "shippingAddress": {
                "name": "Nguyễn Văn A", "mobile": "0900000001", "address": "1 Trần Phú", "cityId": 254, "districtId": 321, "wardId": 1116,
                "locationVersion": "v1",
            },
            "carrier": { "customerShipFee": 20000 },
            "products": [{ "id": product, "price": 120000, "quantity": 2, "discount": 10000, "vat": 0 }],
            "payment": {},
        })
    }

    pub(crate) async fn add3(&self, order: Value) -> i64 {
        self.ok("/v3.0/order/add", order).await["id"].as_i64().unwrap()
    }

    /// Every row of a list of 3.0, page by page until an empty one, and how many calls that took.
    pub(crate) async fn all3(&self, path: &str, filters: Value, size: usize) -> (Vec<Value>, usize) {
        let (mut rows, mut next) = (Vec::new(), Value::Null);
        for calls in 1..1000 {
            let ask = json!({ "filters": filters, "paginator": { "size": size, "next": next } });
            let mut reply = self.call(path, ask).await;
            assert_eq!(reply["code"], 1, "{reply}");
            rows.extend(reply["data"].as_array_mut().map(std::mem::take).unwrap_or_default());
            next = reply["paginator"]["next"].take();
            if next.is_null() {
                return (rows, calls);
            }
        }
        panic!("{path} does not end")
    }

    /// The id of every row of a list of 3.0.
    pub(crate) async fn ids3(&self, path: &str, filters: Value) -> Vec<i64> {
        let (rows, _) = self.all3(path, filters, 100).await;
        let id = |row: &Value| [&row["id"], &row["productId"], &row["info"]["id"]].into_iter().find_map(Value::as_i64).unwrap();
        rows.iter().map(id).collect()
    }
}

/// Where webhooks go: it keeps every body and answers as it was told.
#[derive(Clone, Default)]
pub(crate) struct Receiver {
    bodies: Arc<Mutex<Vec<Value>>>,
    proofs: Arc<Mutex<Vec<Option<String>>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Receiver {
    /// Starts a receiver and returns its URL.
    pub(crate) async fn start(&self) -> String {
        async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> StatusCode {
            let proof = headers.get("authorization").map(|proof| proof.to_str().unwrap().to_owned());
            receiver.proofs.lock().unwrap().push(proof);
            receiver.bodies.lock().unwrap().push(serde_json::from_str(&body).unwrap());
            let mut answers = receiver.answers.lock().unwrap();
            let status = if answers.is_empty() { 200 } else { answers.remove(0) };
            StatusCode::from_u16(status).unwrap()
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().route("/hook", post(take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        url
    }

    /// What the next requests are answered; 200 afterwards.
    pub(crate) fn answer(&self, statuses: &[u16]) {
        self.answers.lock().unwrap().extend(statuses);
    }

    /// Takes what has arrived.
    pub(crate) fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.bodies.lock().unwrap())
    }

    /// Takes the `Authorization` headers that have come.
    pub(crate) fn proofs(&self) -> Vec<Option<String>> {
        std::mem::take(&mut self.proofs.lock().unwrap())
    }

    /// Takes what has arrived and names the events.
    pub(crate) fn events(&self) -> Vec<String> {
        self.take().iter().map(|body| body["event"].as_str().unwrap().to_owned()).collect()
    }
}

/// The webhook part of a form with every event ticked.
pub(crate) fn hooks(url: &str) -> WebhookForm {
    WebhookForm { callback_url: url.into(), verify_token: VERIFY.into(), events: EventKind::ALL.to_vec(), ..WebhookForm::default() }
}

/// The same for 3.0.
pub(crate) fn hooks3(url: &str) -> WebhookForm {
    WebhookForm { version: Dialect::V3, events: EventKind::ALL_V3.to_vec(), ..hooks(url) }
}
