//! The demo's scene: a simulated Nhanh.vn, a host with its web edge, and a merchant who connects the two as the guide says.

use std::path::Path;

use connector_host::clock::Clock;
use connector_host::outbound::Overrides;
use connector_host::store::NewConnection;
use connector_host::web::{PublicAddress, router};
use connector_host::work::Form;
use nhanh_sim::{AppForm, EventKind, Grant, Settings, ShopSize, Simulator, WebhookForm};
use tokio::net::TcpListener;

use super::api::Api;
use super::{PATIENCE, say};
use crate::home::{self, Home};
use crate::output::Problem;

/// The verify token that the merchant makes up.
pub(super) const VERIFY_TOKEN: &str = "demo-verify-token-2026";

/// All that is on stage.
pub(super) struct Scene {
    pub(super) home: Home,
    pub(super) nhanh: Simulator,
    pub(super) business: i64,
    pub(super) connection: i64,
    pub(super) tenant: &'static str,
    pub(super) callback: String,
    pub(super) redirect_url: String,
    /// What the story is told in, until the connection moves.
    pub(super) api: Api,
    pub(super) tag: String,
}

impl Scene {
    pub(super) async fn set(dir: &Path, seed: u64, shop: ShopSize, api: Api) -> Result<Scene, Problem> {
        say("1. Start: the host with the Nhanh.vn component, and a simulated Nhanh.vn");
        // The orders of the story wait minutes to be sure: nobody who watches has to.
        // It began as long ago as it may leap, so that its data is of a time that has been.
        let clock = Clock::leaping_from_before(PATIENCE);
        let home = home::open_at(dir, clock.clone()).await?;
        let host = home.host.clone();
        let now = nhanh_sim::Clock::new(move || clock.now());
        let nhanh = Simulator::start(Settings { seed, shop, now, ..Settings::default() }).await?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = PublicAddress::new(&format!("http://{}", listener.local_addr()?));
        let app = router(host.clone(), address.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let connector = host.connector_ids().next().map(str::to_owned).ok_or_else(|| Problem::failed("the host has no connector"))?;
        let admitted = host.connector(&connector)?;
        say(format!(
            "   component {} {}, {} bytes, digest {}…",
            connector,
            admitted.descriptor().version,
            connector_component::BYTES.len(),
            admitted.digest().get(..12).unwrap_or_default()
        ));

        say(format!("2. Connect (Kết nối PM bán hàng) to API {}: the app at open.nhanh.vn, the form, the login", api.version()));
        let business = nhanh.business();
        let origin = nhanh.origin();
        let overrides =
            Overrides { origins: ["api", "login"].map(|name| (name.to_owned(), origin.clone())).into(), ..Overrides::default() };
        let tenant = "demo";
        let draft = host.draft(NewConnection { tenant: tenant.to_owned(), connector, overrides }).await?;
        let callback = address.webhook_url(&draft.hook);
        let app = nhanh.register_app(AppForm { name: "Nobi Pro".to_owned(), redirect_urls: vec![address.redirect_url()], webhooks: None });
        let form = [
            ("app-id", app.app_id.to_string()),
            ("client-secret", app.secret_key.clone()),
            ("api-version", api.version().to_owned()),
            ("verify-token", VERIFY_TOKEN.to_owned()),
            ("default-role", "sale".to_owned()),
            ("sync-orders", "on".to_owned()),
            ("sync-stock-and-price", "on".to_owned()),
            ("default-branch-phone", "0901234567".to_owned()),
            ("default-branch-representative", "Nguyễn Thị Hạnh".to_owned()),
        ];
        let form: Form = form.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        host.fill_in(draft.id, form).await?;
        // Saving the app's form at Nhanh sends the probe, which must be answered 200.
        let webhooks = WebhookForm {
            callback_url: callback.clone(),
            verify_token: VERIFY_TOKEN.to_owned(),
            events: EventKind::all(api.dialect()).to_vec(),
            version: api.dialect(),
        };
        nhanh.save_webhooks(app.app_id, webhooks).await?;
        let redirect_url = address.redirect_url();
        let start = host.begin_login(draft.id, &redirect_url).await?;
        let landing = nhanh.log_in(&start.url, Grant::all(business.id)).await?;
        let connection = host.end_login(&start.state, &landing).await?;
        say(format!("   connected to business {}, tag {}, webhooks answered the probe", business.id, connection.tag));
        let (business, connection, tag) = (business.id, connection.id, connection.tag);
        Ok(Scene { home, nhanh, business, connection, tenant, callback, redirect_url, api, tag })
    }
}
