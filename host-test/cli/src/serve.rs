//! `serve`: the host as a service, until it is told to stop.

use std::net::SocketAddr;
use std::time::Duration;

use connector_host::outbound::Overrides;
use connector_host::web::page::first_operator;
use connector_host::web::{EdgeLimits, PageConfig, PublicAddress, router_with_page, serve as edge, watched};
use connector_host::work::Stop;
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::home::{Home, NewFolder};
use crate::login::pairs;
use crate::output::{Outcome, Problem};

/// Connections of whoever watches over the host. They are apart from everybody else's, so that its state can be asked for however full it is.
const WATCHERS: usize = 16;
/// How long answers that are under way are waited for, once everything else has stopped.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Run the host: the connection page, webhooks and logins over HTTP, pulls, polls and orders in the background.
///
/// Streams that are kept updated are asked for by themselves: order statuses and stock every 5 minutes (stock once an hour where Nhanh.vn
/// cannot say what changed), products and prices every 15 minutes, customers every hour, branches and product groups once a day.
#[derive(clap::Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    folder: NewFolder,
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8750")]
    listen: SocketAddr,
    /// The https origin under which the world reaches this host, such as https://connect.example.vn.
    #[arg(long, value_name = "ORIGIN")]
    public: Option<String>,
    /// Where to show /metrics (for Prometheus), /healthz and /readyz, such as 127.0.0.1:8751. They ask for no password and show no names:
    /// keep the address inside the house. Without this they are not shown.
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<SocketAddr>,
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
        let public = self.public.as_deref().map(public_address).transpose()?;
        raise_file_limit();
        // Before anybody is told that it serves.
        let told = told_to_stop();
        let home = self.folder.open_to_serve().await?;
        let listener = TcpListener::bind(self.listen)
            .await
            .map_err(|error| Problem::usage(format!("cannot listen on {}: {error}; choose another with --listen", self.listen)))?;
        let listening = listener.local_addr()?;
        let watch = match self.metrics {
            Some(address) => Some(TcpListener::bind(address).await.map_err(|error| {
                Problem::usage(format!("cannot show figures on {address}: {error}; choose another address with --metrics"))
            })?),
            None => None,
        };
        let address = public.unwrap_or_else(|| PublicAddress::new(&format!("http://{listening}")));
        tell!("listening on http://{listening}");
        tell!("  connection page         {}", address.page_url());
        if let Some((name, password)) = first_operator(&home.host, &self.tenant).await.map_err(Problem::failed)? {
            tell!("  sign in with            {name} / {password}");
            tell!("                          (shown this once; others: connector operator NAME --tenant TENANT)");
        }
        tell!("  Redirect URL            {}", address.redirect_url());
        if let Some(listener) = &watch {
            tell!("  figures                 http://{}/metrics, /healthz, /readyz", listener.local_addr()?);
        }
        Service::start(&home, listener, address, overrides, watch).until(told).await
    }
}

/// The origin that a person typed, or what is wrong with it.
pub(crate) fn public_address(origin: &str) -> Result<PublicAddress, Problem> {
    PublicAddress::checked(origin).map_err(|fault| Problem::usage(format!("--public {origin}: {fault}")))
}

/// A host at work: its edge on the web, and what it does in the background.
pub(crate) struct Service {
    stop: watch::Sender<bool>,
    worker: JoinHandle<Outcome>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Service {
    /// Begins to answer and to work. Figures are shown where somebody listens for them.
    pub(crate) fn start(
        home: &Home,
        listener: TcpListener,
        address: PublicAddress,
        overrides: Overrides,
        figures: Option<TcpListener>,
    ) -> Service {
        let (stop, stopped) = watch::channel(false);
        if let Some(listener) = figures {
            let app = watched(home.host.clone(), stopped.clone());
            // It answers until the process ends: that the host is stopping is one of its answers.
            let limits = EdgeLimits { connections: WATCHERS, kept: 0, ..EdgeLimits::default() };
            tokio::spawn(edge(listener, app, limits, std::future::pending()));
        }
        let mut until = stopped.clone();
        let app = router_with_page(home.host.clone(), address, PageConfig { overrides, ..PageConfig::default() });
        let stopping = async move { drop(until.wait_for(|stop| *stop).await) };
        let host = home.host.clone();
        let worker = tokio::spawn(async move { Ok(host.work(Stop::Told(stopped)).await?) });
        Service { stop, worker, server: tokio::spawn(edge(listener, app, EdgeLimits::default(), stopping)) }
    }

    /// Works until it is told to stop, and ends well.
    pub(crate) async fn until(mut self, told: impl Future<Output = ()>) -> Outcome {
        tokio::select! {
            () = told => {
                // Others see at once that it is stopping, and nothing new is begun.
                self.stop.send_replace(true);
                self.worker.await.map_err(Problem::failed)??;
            }
            // It ends before it is told only where the store does not work: a host that takes nothing up must not go on answering.
            ended = &mut self.worker => ended.map_err(Problem::failed)??,
            ended = &mut self.server => {
                ended.map_err(Problem::failed)??;
                return Ok(());
            }
        }
        // A page that is open hears news until it is closed: it is not waited for.
        let _ = tokio::time::timeout(LAST_ANSWERS, self.server).await;
        tell!("stopped; nothing is lost");
        Ok(())
    }
}

/// As many files as the system lets this process have: each connection is one. Where it may not have more, what it has is enough for the places
/// that the edge gives.
#[cfg(unix)]
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

#[cfg(not(unix))]
fn raise_file_limit() {}

/// Until somebody presses Ctrl-C, or a supervisor asks for the end: listens from the call on. Where the system tells of neither, the process just
/// ends, which the store survives.
#[cfg(unix)]
pub(crate) fn told_to_stop() -> impl Future<Output = ()> {
    let (asked, pressed) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let heard = async |signal: std::io::Result<Signal>| match signal {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    };
    async move {
        tokio::select! {
            () = heard(asked) => {}
            () = heard(pressed) => {}
        }
    }
}

/// The same where there is Ctrl-C alone.
#[cfg(not(unix))]
pub(crate) async fn told_to_stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
