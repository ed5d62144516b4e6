//! `sim`: the simulated Nhanh.vn as a server of its own, with a page for what people at Nhanh do. Listens on this machine alone.

use nhanh_sim::{App, AppForm, Settings, Simulator};

use crate::demo::Size;
use crate::output::{Outcome, Problem};
use crate::serve::told_to_stop;

/// Run a simulated Nhanh.vn as a server of its own, with a page: levels, orders, webhooks, faults, requests, ledger.
///
/// It holds no real data, forgets everything when it ends, and listens on 127.0.0.1 alone. An app is registered there already; its id and secret
/// are printed, and stand on the page.
#[derive(clap::Args)]
pub(crate) struct Sim {
    /// The port of 127.0.0.1 to listen on; 0 stands for any free one.
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// How large the shop is: small has 200 product rows, medium 2,000, large 10,000.
    #[arg(long, value_enum, default_value_t = Size::Small)]
    size: Size,
    /// Seed of the shop: the same seed gives the same shop.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// The Redirect URL that its app has registered: that of `connector serve`, unless it is told to listen elsewhere.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8750/landing")]
    redirect_url: String,
}

/// Where it listens unless it is told otherwise.
pub(crate) const PORT: u16 = 8760;

impl Sim {
    pub(crate) async fn run(self) -> Outcome {
        let told = told_to_stop();
        let nhanh = start(self.port, self.size, self.seed).await.map_err(|error| cannot_listen(self.port, "--port", &error))?;
        let app = register(&nhanh, self.redirect_url);
        let origin = nhanh.origin();
        tell!("Nhanh.vn giả lập (a simulated Nhanh.vn) listening on {origin}");
        tell!("  trang (page)            {}", page(&nhanh));
        tell!("  App ID                  {}", app.app_id);
        tell!("  Secret key              {}", app.secret_key);
        tell!("  Nối vào (connect to it): connector serve --origin api={origin} --origin login={origin}");
        tell!("  Ctrl-C để dừng; mọi thứ mất theo. (Ctrl-C ends it, and all of it is gone.)");
        told.await;
        nhanh.shutdown().await;
        tell!("stopped");
        Ok(())
    }
}

/// Starts one with a shop of this size.
pub(crate) async fn start(port: u16, size: Size, seed: u64) -> std::io::Result<Simulator> {
    Simulator::start(Settings { port, seed, shop: size.shop(), ..Settings::default() }).await
}

/// Its app, as a merchant registers it at open.nhanh.vn. Webhooks are still off.
pub(crate) fn register(nhanh: &Simulator, redirect_url: String) -> App {
    nhanh.register_app(AppForm { name: "Nobi Pro".to_owned(), redirect_urls: vec![redirect_url], webhooks: None })
}

/// Where a person looks at it.
pub(crate) fn page(nhanh: &Simulator) -> String {
    format!("{}/page", nhanh.origin())
}

/// A port that is taken is a matter of the words.
pub(crate) fn cannot_listen(port: u16, option: &str, error: &std::io::Error) -> Problem {
    Problem::usage(format!("cannot listen on 127.0.0.1:{port}: {error}; choose another with {option}"))
}
