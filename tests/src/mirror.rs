//! A server between the host and the simulator that passes everything through, and answers otherwise when a test says so: a server that echoes
//! what it was sent, a record that no shop could make.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The path, without the query.
    pub path: String,
    /// The `Authorization` header, where 3.0 has the token.
    pub authorization: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What becomes of a reply: what was asked, what Nhanh.vn answered.
type Rewrite = Box<dyn Fn(&Asked, Vec<u8>) -> Vec<u8> + Send>;

/// A running mirror. It stops when it is dropped.
pub struct Mirror {
    origin: String,
    glass: Arc<Glass>,
    server: JoinHandle<()>,
}

struct Glass {
    upstream: Mutex<String>,
    rewrite: Mutex<Option<Rewrite>>,
    asked: Mutex<Vec<Asked>>,
    client: reqwest::Client,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mirror {
    /// Starts one in front of this origin.
    pub async fn before(upstream: &str) -> Result<Mirror> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let glass =
            Arc::new(Glass { upstream: Mutex::new(upstream.to_owned()), rewrite: Mutex::new(None), asked: Mutex::default(), client });
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
    pub fn rewrite(&self, rewrite: impl Fn(&Asked, Vec<u8>) -> Vec<u8> + Send + 'static) {
        *lock(&self.glass.rewrite) = Some(Box::new(rewrite));
    }

    /// The JSON bodies of all requests of a path so far.
    pub fn bodies(&self, path: &str) -> Vec<Value> {
        let asked = lock(&self.glass.asked);
        asked.iter().filter(|asked| asked.path == path).map(|asked| serde_json::from_slice(&asked.body).unwrap_or_default()).collect()
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
    let mut request = glass.client.post(address).body(body.clone());
    for name in [header::CONTENT_TYPE, header::AUTHORIZATION] {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let asked = Asked { path: uri.path().to_owned(), authorization, body: body.to_vec() };
    lock(&glass.asked).push(asked.clone());
    let answered = async {
        let reply = request.send().await?;
        let status = reply.status();
        Ok::<_, reqwest::Error>((status, reply.bytes().await?.to_vec()))
    };
    let Ok((status, reply)) = answered.await else { return StatusCode::BAD_GATEWAY.into_response() };
    let reply = match lock(&glass.rewrite).as_ref() {
        Some(rewrite) => rewrite(&asked, reply),
        None => reply,
    };
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], reply).into_response()
}
