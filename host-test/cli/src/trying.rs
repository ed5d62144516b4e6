//! `try`: the connection page and a simulated Nhanh.vn that stays, prepared so that few clicks are left, until Ctrl-C. A person presses the
//! buttons; this prepares, tells what to press next, and says what came of it.

mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use connector_host::contract::Policy;
use connector_host::contract::types::Entity;
use connector_host::outbound::Overrides;
use connector_host::store::{Connection, NewConnection};
use connector_host::web::PublicAddress;
use connector_host::web::page::first_operator;
use connector_host::work::{Form, Host};
use nhanh_sim::{App, Dialect, EventKind, Simulator, WebhookForm};
use tokio::net::TcpListener;

use self::watch::Watch;
use crate::demo::Size;
use crate::home;
use crate::output::{Outcome, Problem};
use crate::serve::{Service, told_to_stop};
use crate::sim::{self, cannot_listen};

/// Try it in a browser: the connection page with a simulated Nhanh.vn that stays, until Ctrl-C.
///
/// Prints where to look, who signs in, and what to click next. Nothing is needed, nothing real is touched, and what is simulated is gone at the end.
#[derive(clap::Args)]
pub(crate) struct Try {
    /// How large the simulated shop is: small has 200 product rows, medium 2,000, large 10,000.
    #[arg(long, value_enum, default_value_t = Size::Small)]
    size: Size,
    /// Seed of the simulated shop: the same seed gives the same shop.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// The port of the connection page on 127.0.0.1; 0 stands for any free one.
    #[arg(long, default_value_t = 8750)]
    port: u16,
    /// The port of the simulated Nhanh.vn on 127.0.0.1; 0 stands for any free one.
    #[arg(long, default_value_t = sim::PORT)]
    nhanh_port: u16,
    /// Where to leave the host's data; a new folder under the system's temporary one where none is named. It must be empty.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Whose connection it is.
const TENANT: &str = "shop";
/// The verify token that the merchant made up.
const VERIFY_TOKEN: &str = "try-verify-token-2026";

impl Try {
    pub(crate) async fn run(self) -> Outcome {
        let told = told_to_stop();
        // Ports first: a folder is made only where it can work.
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.map_err(|error| cannot_listen(self.port, "--port", &error))?;
        let nhanh = sim::start(self.nhanh_port, self.size, self.seed).await;
        let nhanh = nhanh.map_err(|error| cannot_listen(self.nhanh_port, "--nhanh-port", &error))?;
        let dir = home::fresh(self.dir.as_deref(), "try")?;
        let home = home::open_to_serve(&dir).await?;
        let address = PublicAddress::new(&format!("http://{}", listener.local_addr()?));
        let (name, password) = first_operator(&home.host, TENANT)
            .await
            .map_err(Problem::failed)?
            .ok_or_else(|| Problem::failed("there is an account already"))?;
        let app = sim::register(&nhanh, address.redirect_url());
        let origins = ["api", "login"].map(|endpoint| (endpoint.to_owned(), nhanh.origin()));
        let overrides = Overrides { origins: origins.into(), ..Overrides::default() };
        let connection = prepare(&home.host, &app, overrides.clone()).await?;
        let service = Service::start(&home, listener, address.clone(), overrides, None);
        // Saving the app's form sends the probe, which the page's server answers.
        nhanh.save_webhooks(app.app_id, webhooks(&address, &connection)).await?;
        steps(&address, &nhanh, &dir, (&name, &password));
        let watch = Watch::start(home.host.clone(), nhanh.clone(), connection.id);
        let ended = service.until(told).await;
        drop(watch);
        nhanh.shutdown().await;
        ended
    }
}

/// A connection whose form is filled in. Its levels follow Nhanh's, so that an edit there is seen to arrive.
async fn prepare(host: &Arc<Host>, app: &App, overrides: Overrides) -> Result<Connection, Problem> {
    let connector = host.connector_ids().next().map(str::to_owned).ok_or_else(|| Problem::failed("the host has no connector"))?;
    let draft = host.draft(NewConnection { tenant: TENANT.to_owned(), connector, overrides }).await?;
    let form = [
        ("app-id", app.app_id.to_string()),
        ("client-secret", app.secret_key.clone()),
        ("verify-token", VERIFY_TOKEN.to_owned()),
        ("default-role", "sale".to_owned()),
        ("sync-orders", "on".to_owned()),
        ("sync-stock-and-price", "on".to_owned()),
        ("default-branch-phone", "0901234567".to_owned()),
        ("default-branch-representative", "Nguyễn Thị Hạnh".to_owned()),
    ];
    let form: Form = form.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let connection = host.fill_in(draft.id, form).await?;
    host.store().set_policy(connection.id, Entity::Stock, Policy::KeepUpdated).await?;
    Ok(connection)
}

fn webhooks(address: &PublicAddress, connection: &Connection) -> WebhookForm {
    WebhookForm {
        version: Dialect::V3,
        callback_url: address.webhook_url(&connection.hook),
        verify_token: VERIFY_TOKEN.to_owned(),
        events: EventKind::all(Dialect::V3).to_vec(),
    }
}

fn steps(address: &PublicAddress, nhanh: &Simulator, dir: &Path, (name, password): (&str, &str)) {
    let nhanh = sim::page(nhanh);
    tell!("Trang kết nối (connection page)                 {}", address.page_url());
    tell!("  đăng nhập (sign in with)                      {name} / {password}");
    tell!("Nhanh.vn giả lập (a simulated Nhanh.vn)         {nhanh}");
    tell!("");
    tell!("1. Mở trang kết nối, đăng nhập, mở kết nối Nhanh.vn: form đã điền sẵn.");
    tell!("   (Open the connection page, sign in, open the connection Nhanh.vn: its form is filled in.)");
    tell!("2. Bấm \"Đăng nhập Nhanh.vn và cấp quyền\", ở trang Nhanh.vn bấm \"Đồng ý\".");
    tell!("   (Press \"Log in to Nhanh.vn\", and agree on Nhanh.vn's page.)");
    tell!("3. Quay lại kết nối, bấm \"Đồng bộ ngay\" lần lượt ở chi nhánh, danh mục sản phẩm, sản phẩm, khách hàng.");
    tell!("   (Back on the connection, press \"Sync now\" for branches, product groups, products and customers.)");
    tell!("4. Sửa một mức tồn ở {nhanh}/stock: tồn mới về Nobi và hiện ở đây.");
    tell!("   (Change a level there: it arrives at Nobi and shows here.)");
    tell!("5. Bấm Enter ở đây: Nobi gửi một đơn; đơn hiện ở {nhanh}/orders, ở đó đổi trạng thái được.");
    tell!("   (Press Enter here: Nobi sends an order, which stands there; change its status there.)");
    tell!("");
    tell!("Ctrl-C để dừng; dữ liệu của Nobi ở lại, xem tiếp bằng: {}", home::serve_words(dir, TENANT));
    tell!("(Ctrl-C ends it; Nobi's data stays, and that command shows it again.)");
}
