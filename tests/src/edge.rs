//! What answers at the host's address. It must leave no connection behind that a later host would seem to answer on.

use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long a request that is under way may keep the host's address from being shut.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// What answers at the host's address. It ends with every connection that it has: one that lived on would be answered by a host that is gone.
pub(crate) struct Edge {
    end: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Edge {
    /// Answers from now on.
    pub(crate) fn open(listener: TcpListener, app: Router) -> Edge {
        let (end, told) = oneshot::channel();
        // Nobody who could tell is as good as being told.
        let ends = async move { drop(told.await) };
        let server = tokio::spawn(async move { drop(axum::serve(listener, app).with_graceful_shutdown(ends).await) });
        Edge { end, server }
    }

    /// Waits for what is under way, and no longer than a client waits.
    pub(crate) async fn shut(self) {
        drop(self.end);
        let abort = self.server.abort_handle();
        if tokio::time::timeout(ANSWERED_WITHIN, self.server).await.is_err() {
            abort.abort();
        }
    }

    /// Ends in the middle of whatever is under way.
    pub(crate) fn abort(&self) {
        self.server.abort();
    }
}
