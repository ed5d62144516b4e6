//! `serve`: the host as a service, until it is told to stop.

use std::net::SocketAddr;

use connector_host::web::{PublicAddress, router};
use connector_host::work::Stop;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::home::Folder;
use crate::output::{Outcome, Problem};

/// Run the host: webhooks and logins over HTTP, pulls and orders in the background.
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
}

impl Serve {
    pub(crate) async fn run(self) -> Outcome {
        let home = self.folder.open().await?;
        let listener = TcpListener::bind(self.listen)
            .await
            .map_err(|error| Problem::usage(format!("cannot listen on {}: {error}; choose another with --listen", self.listen)))?;
        let origin = self.public.unwrap_or_else(|| format!("http://{}", self.listen));
        let address = PublicAddress::new(&origin);
        tell!("listening on http://{}", listener.local_addr()?);
        tell!("  Redirect URL            {}", address.redirect_url());
        for connection in home.host.store().connections().await? {
            tell!("  connection {} ({}): webhooks {}", connection.id, connection.tenant, address.webhook_url(&connection.hook));
            tell!("  connection {} ({}): login    {}", connection.id, connection.tenant, address.login_url(connection.id));
        }
        let (stop, stopped) = watch::channel(false);
        let mut until = stopped.clone();
        let server = axum::serve(listener, router(home.host.clone(), address)).with_graceful_shutdown(async move {
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
