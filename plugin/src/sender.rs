//! The connector's only way out, passed in so that whatever needs several requests is tested natively with scripted replies.
//!
//! It must never keep or repeat a request: pace, secrets and retries are the host's.

use crate::wit::http::{self, Error, Request, Response};

/// Sends one request and waits for its whole reply.
pub trait Sender {
    /// Exactly what the contract's `http.send` promises.
    ///
    /// # Errors
    /// Why there is no reply.
    fn send(&mut self, request: Request) -> Result<Response, Error>;
}

/// The host that runs the component. Natively there is none: calling it there is a programming error that ends the process.
#[derive(Debug)]
pub struct Host;

impl Sender for Host {
    fn send(&mut self, request: Request) -> Result<Response, Error> {
        http::send(&request)
    }
}

impl<F: FnMut(Request) -> Result<Response, Error>> Sender for F {
    fn send(&mut self, request: Request) -> Result<Response, Error> {
        self(request)
    }
}
