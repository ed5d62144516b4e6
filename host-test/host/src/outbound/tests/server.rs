//! A server that does to each request what the test says, well-behaved or not, and remembers what it saw.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the server does once it has read a request.
#[derive(Clone)]
pub(super) enum Act {
    /// Sends these bytes and waits for the next request on the same connection.
    Reply(String),
    /// The same, with bytes that are no text.
    Bytes(Vec<u8>),
    /// Sends these bytes and closes.
    ReplyAndClose(String),
    /// Closes with a reset, having sent nothing.
    Reset,
    /// Sends nothing and keeps the connection open.
    Hang,
    /// Sends these bytes, then one byte at a time without an end.
    Drip(String),
}

/// A request as it came in.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) connection: usize,
    pub(super) head: String,
    pub(super) body: String,
}

type Acts = dyn Fn(usize, &Seen) -> Act + Send + Sync;

pub(super) struct Server {
    pub(super) origin: String,
    pub(super) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    accepted: Arc<Mutex<usize>>,
}

/// A plain reply.
pub(super) fn ok(body: &str) -> Act {
    Act::Reply(format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

impl Server {
    /// Starts a server whose acts come from `act`, by the number of the request.
    pub(super) async fn start(act: impl Fn(usize, &Seen) -> Act + Send + Sync + 'static) -> Server {
        Server::bound("127.0.0.1:0", act).await
    }

    /// The same, on this address.
    pub(super) async fn bound(address: &str, act: impl Fn(usize, &Seen) -> Act + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind(address).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, accepted) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let server = Server { origin: format!("http://127.0.0.1:{port}"), port, seen: seen.clone(), accepted: accepted.clone() };
        let act = Arc::new(act);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = {
                    let mut accepted = accepted.lock().unwrap();
                    *accepted += 1;
                    *accepted
                };
                tokio::spawn(serve(stream, connection, seen.clone(), act.clone()));
            }
        });
        server
    }

    /// A server that answers every request with one body.
    pub(super) async fn answering(body: &'static str) -> Server {
        Server::start(move |_, _| ok(body)).await
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Connections that were made, also those on which nothing was asked.
    pub(super) fn accepted(&self) -> usize {
        *self.accepted.lock().unwrap()
    }
}

async fn serve(mut stream: TcpStream, connection: usize, seen: Arc<Mutex<Vec<Seen>>>, act: Arc<Acts>) {
    while let Some((head, body)) = read(&mut stream).await {
        let request = Seen { connection, head, body };
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len()
        };
        match act(number, &request) {
            Act::Reply(bytes) => stream.write_all(bytes.as_bytes()).await.unwrap_or_default(),
            Act::Bytes(bytes) => stream.write_all(&bytes).await.unwrap_or_default(),
            Act::ReplyAndClose(bytes) => return stream.write_all(bytes.as_bytes()).await.unwrap_or_default(),
            Act::Reset => {
                let _ = stream.set_zero_linger();
                return;
            }
            Act::Hang => std::future::pending().await,
            Act::Drip(bytes) => {
                let mut sent = stream.write_all(bytes.as_bytes()).await;
                while sent.is_ok() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    sent = stream.write_all(b" ").await;
                }
                return;
            }
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_owned() + "\r\n";
            let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return Some((head, body.to_owned()));
            }
        }
        let mut more = [0; 4096];
        let count = stream.read(&mut more).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&more[..count]);
    }
}
