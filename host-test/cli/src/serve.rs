//! `serve`: the host as a service, until it is told to stop.

use std::net::SocketAddr;

use connector_host::outbound::Overrides;
use connector_host::web::page::first_operator;
use connector_host::web::{PageConfig, PublicAddress, router_with_page};
use connector_host::work::Stop;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::home::Folder;
use crate::login::pairs;
use crate::output::{Outcome, Problem};

/// Run the host: the connection page, webhooks and logins over HTTP, pulls and orders in the background.
#[derive(clap::Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    folder: Folder,
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8750")]
    listen: SocketAddr,
    /// The origin under which the world reaches this host, such as https://connect.example.vn. Nhanh.vn wants https.
    #[arg(long, value_name = "ORIGIN")]
    public: Option<String>,
    /// Whose connections the first operator sees. Counts at the first start only, when that account is made.
    #[arg(long, value_name = "TENANT", default_value = "shop")]
    tenant: String,
    /// Another origin for one of the component's endpoints in connections that are made on the page: api=https://open.nhanh.vn.
    #[arg(long = "origin", value_name = "ENDPOINT=ORIGIN")]
    origins: Vec<String>,
}

impl Serve {
    pub(crate) async fn run(self) -> Outcome {
        let overrides = Overrides { origins: pairs(&self.origins, "--origin ENDPOINT=ORIGIN")?, ..Overrides::default() };
        let home = self.folder.open().await?;
        let listener = TcpListener::bind(self.listen)
            .await
            .map_err(|error| Problem::usage(format!("cannot listen on {}: {error}; choose another with --listen", self.listen)))?;
        let listening = listener.local_addr()?;
        let origin = self.public.unwrap_or_else(|| format!("http://{listening}"));
        let address = PublicAddress::new(&origin);
        tell!("listening on http://{listening}");
        tell!("  connection page         {}", address.page_url());
        if let Some((name, password)) = first_operator(&home.host, &self.tenant).await.map_err(Problem::failed)? {
            tell!("  sign in with            {name} / {password}");
            tell!("                          (shown this once; others: connector operator NAME --tenant TENANT)");
        }
        tell!("  Redirect URL            {}", address.redirect_url());
        for connection in home.host.store().connections().await? {
            tell!("  connection {} ({}): webhooks {}", connection.id, connection.tenant, address.webhook_url(&connection.hook));
        }
        let (stop, stopped) = watch::channel(false);
        let mut until = stopped.clone();
        let app = router_with_page(home.host.clone(), address, PageConfig { overrides, ..PageConfig::default() });
        let server = axum::serve(listener, app).with_graceful_shutdown(async move {
            let _ = until.wait_for(|stop| *stop).await;
        });
        let worker = tokio::spawn({
            let host = home.host.clone();
            async move { host.work(Stop::Told(stopped)).await }
        });
        tokio::spawn(async move {
            // Without a signal handler the process just ends, which the store survives.
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.send_replace(true);
            }
        });
        server.await?;
        worker.await.map_err(Problem::failed)??;
        tell!("stopped; nothing is lost");
        Ok(())
    }
}
