//! A server between the host and the simulator that passes everything through, and answers otherwise when a test says so: a server that echoes
//! what it was sent, a record that no shop could make.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What becomes of a reply: the path, what was asked, what Nhanh.vn answered.
type Rewrite = Box<dyn Fn(&str, &[u8], Vec<u8>) -> Vec<u8> + Send>;

/// A running mirror. It stops when it is dropped.
pub struct Mirror {
    origin: String,
    glass: Arc<Glass>,
    server: JoinHandle<()>,
}

struct Glass {
    upstream: Mutex<String>,
    rewrite: Mutex<Option<Rewrite>>,
    client: reqwest::Client,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mirror {
    /// Starts one in front of this origin.
    pub async fn before(upstream: &str) -> Result<Mirror> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let glass = Arc::new(Glass { upstream: Mutex::new(upstream.to_owned()), rewrite: Mutex::new(None), client });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let app = Router::new().fallback(pass).with_state(glass.clone());
        let server = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Ok(Mirror { origin, glass, server })
    }

    /// Where it is reached.
    pub fn origin(&self) -> String {
        self.origin.clone()
    }

    /// From now on every reply goes through this.
    pub fn rewrite(&self, rewrite: impl Fn(&str, &[u8], Vec<u8>) -> Vec<u8> + Send + 'static) {
        *lock(&self.glass.rewrite) = Some(Box::new(rewrite));
    }

    /// From now on replies pass as they are.
    pub fn clear(&self) {
        *lock(&self.glass.rewrite) = None;
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(State(glass): State<Arc<Glass>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let address = format!("{}{}", lock(&glass.upstream), uri.path_and_query().map_or("/", |path| path.as_str()));
    let content_type = headers.get(header::CONTENT_TYPE).cloned();
    let mut request = glass.client.post(address).body(body.clone());
    if let Some(content_type) = content_type {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    let answered = async {
        let reply = request.send().await?;
        let status = reply.status();
        Ok::<_, reqwest::Error>((status, reply.bytes().await?.to_vec()))
    };
    let Ok((status, reply)) = answered.await else { return StatusCode::BAD_GATEWAY.into_response() };
    let reply = match lock(&glass.rewrite).as_ref() {
        Some(rewrite) => rewrite(uri.path(), &body, reply),
        None => reply,
    };
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], reply).into_response()
}
