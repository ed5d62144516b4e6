//! A person at a browser, as far as the page's handlers see one: cookies that are kept, forms that carry their token.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use connector_host::outbound::Overrides;
use connector_host::store::Connection;
use connector_host::web::page::add_operator;
use connector_host::web::{PageConfig, PublicAddress, router_with_page};
use connector_host::work::Host;
use tower::ServiceExt as _;

use crate::guest::Guest;
use crate::house::House;

pub(crate) const PASSWORD: &str = "hoa sen trong đầm";

/// What came back.
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) head: BTreeMap<String, String>,
    pub(crate) cookies: Vec<String>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn to(&self) -> &str {
        self.head.get("location").map_or("", String::as_str)
    }

    pub(crate) fn policy(&self) -> &str {
        self.head.get("content-security-policy").map_or("", String::as_str)
    }
}

/// A person at a browser.
pub(crate) struct Person {
    pub(super) app: Router,
    pub(super) cookies: BTreeMap<String, String>,
    pub(crate) host: Arc<Host>,
}

impl Person {
    /// At the page of this host, signed in nowhere. `lan` is of the tenant `shop`, `mai` of `other`.
    pub(crate) async fn at(house: &House, guest: &Guest) -> Person {
        let host = house.host(guest).await;
        for (name, tenant) in [("lan", "shop"), ("mai", "other")] {
            add_operator(&**host.store(), name, tenant, PASSWORD, crate::make::NOW).await.unwrap();
        }
        Person::beside(host, "http://nobi.example", house)
    }

    pub(crate) fn beside(host: Arc<Host>, origin: &str, house: &House) -> Person {
        let overrides = Overrides { origins: [("far".to_owned(), house.far.origin.clone())].into(), ..Overrides::default() };
        let config = PageConfig { overrides, ..PageConfig::default() };
        Person { app: router_with_page(host.clone(), PublicAddress::new(origin), config), cookies: BTreeMap::new(), host }
    }

    /// Signed in as `lan`, with a connection of hers.
    pub(crate) async fn with_a_connection(house: &House, guest: &Guest) -> (Person, Connection) {
        let connection = house.connected("shop").await;
        let mut person = Person::at(house, guest).await;
        assert_eq!(person.sign_in("lan", PASSWORD).await.status, 303);
        (person, connection)
    }

    pub(crate) async fn sign_in(&mut self, name: &str, password: &str) -> Seen {
        self.send("/sign-in", "/sign-in", &[("name", name), ("password", password)]).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Seen {
        self.ask("GET", path, String::new(), &[]).await
    }

    /// What an answer begins with, of one that may never end: its status and its headers.
    pub(crate) async fn begins(&mut self, path: &str) -> (StatusCode, BTreeMap<String, String>) {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder().uri(path).header("cookie", cookies.join("; ")).body(Body::empty()).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let head = response.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        (response.status(), head)
    }

    /// Opens a page and posts its form to where it leads.
    pub(crate) async fn send(&mut self, page: &str, to: &str, fields: &[(&str, &str)]) -> Seen {
        let csrf = token(&self.get(page).await.body);
        let fields: Vec<(&str, &str)> = [("csrf", csrf.as_str())].into_iter().chain(fields.iter().copied()).collect();
        self.post(to, &fields).await
    }

    /// Posts these fields and nothing else.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        self.ask("POST", path, encoded(fields), &[]).await
    }

    /// The same, as a browser that says which site had it send this.
    pub(crate) async fn post_from(&mut self, site: &str, path: &str, fields: &[(&str, &str)]) -> Seen {
        self.ask("POST", path, encoded(fields), &[("sec-fetch-site", site)]).await
    }

    /// The same from a script of the page, which wants a part of it.
    pub(crate) async fn click(&mut self, page: &str, to: &str, fields: &[(&str, &str)]) -> Seen {
        let csrf = token(&self.get(page).await.body);
        let fields: Vec<(&str, &str)> = [("csrf", csrf.as_str())].into_iter().chain(fields.iter().copied()).collect();
        self.ask("POST", to, encoded(&fields), &[("hx-request", "true")]).await
    }

    async fn ask(&mut self, method: &str, path: &str, body: String, head: &[(&str, &str)]) -> Seen {
        let mut request = Request::builder().method(method).uri(path).header("cookie", self.cookies_held());
        request = request.header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in head {
            request = request.header(*name, *value);
        }
        let response = self.app.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        self.keep(&response);
        let status = response.status();
        let cookies = response.headers().get_all("set-cookie").iter().map(|it| it.to_str().unwrap().to_owned()).collect();
        let head = response.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let body = String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap();
        Seen { status, head, cookies, body }
    }

    /// The cookies, as the browser sends them.
    pub(crate) fn cookies_held(&self) -> String {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        cookies.join("; ")
    }

    /// Puts a cookie into the browser.
    pub(crate) fn holds(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    fn keep(&mut self, response: &Response<Body>) {
        for line in response.headers().get_all("set-cookie") {
            let (name, value) = line.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

fn encoded(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The token of a page's forms.
pub(crate) fn token(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap_or_else(|| panic!("no form: {page}"));
    rest.split('"').next().unwrap().to_owned()
}
